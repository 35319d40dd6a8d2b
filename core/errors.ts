/**
 * An expected error: a person can cause it and fix it. It is printed without a stack trace.
 */
export class TurnoutError extends Error {
  override name = "TurnoutError";
  /** How to fix it: a command or a setting. */
  readonly todo: string | undefined;

  /**
   * @param what what happened and where, as a sentence without its final full stop
   * @param todo what to do, as an imperative without its final full stop
   */
  constructor(what: string, todo?: string) {
    super(todo ? `${what}. ${capitalize(todo)}.` : `${what}.`);
    this.todo = todo;
  }
}

/** Invalid settings of a stack, or an invalid definition of a system. */
export class SettingsError extends TurnoutError {
  override name = "SettingsError";
}

/** A valid request that is refused in the present state. */
export class GuardError extends TurnoutError {
  override name = "GuardError";
}

/** Another operation is running. Retry later. */
export class BusyError extends TurnoutError {
  override name = "BusyError";
}

/** A deploy step that failed. It is safe to retry. */
export class StepError extends TurnoutError {
  override name = "StepError";
}

/**
 * Exit codes of the commands and jobs (docs/commands.md has the same table): 2 invalid settings, 3 refused in the
 * present state, 4 another operation is running, 5 a deploy step failed, 6 any other expected error, 7 unhealthy.
 * Exit code 1 is a defect in Turnout and comes with a stack trace.
 */
export const exitCodes = { settings: 2, guard: 3, busy: 4, step: 5, other: 6, unhealthy: 7 } as const;

/** The exit code for anything thrown; 1 for a defect. */
export function exitCode(error: unknown): number {
  if (error instanceof SettingsError) return exitCodes.settings;
  if (error instanceof GuardError) return exitCodes.guard;
  if (error instanceof BusyError) return exitCodes.busy;
  if (error instanceof StepError) return exitCodes.step;
  return error instanceof TurnoutError ? exitCodes.other : 1;
}

/** What is printed for an error: the message alone for an expected one, the stack trace for a defect. */
export function describeError(error: unknown): string {
  if (error instanceof TurnoutError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The text with its first letter in upper case. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * A command as a person types it.
 * @param words what comes after `npm run`, such as `ops -- status`
 * @param stack the stack it is for; every command defaults to `dev`, except `pulumi`, which defaults to the selected
 * one
 */
export function command(words: string, stack: string): string {
  if (stack === "dev" && !words.startsWith("pulumi ")) return `npm run ${words}`;
  return `npm run ${words}${words.includes(" -- ") ? "" : " --"} --stack ${stack}`;
}
