/**
 * An error a person can cause and mend. It is printed as one sentence without a stack trace.
 */
export class TurnoutError extends Error {
  override name = "TurnoutError";
  /** What can be done about it: a command or a setting. */
  readonly todo: string | undefined;

  /**
   * @param what what is wrong and where, as a sentence without its closing full stop
   * @param todo what to do about it, as an imperative without its closing full stop
   */
  constructor(what: string, todo?: string) {
    super(todo ? `${what}. ${capitalize(todo)}.` : `${what}.`);
    this.todo = todo;
  }
}

/** A stack's settings, or a system's definition, that cannot be used as they are. */
export class SettingsError extends TurnoutError {
  override name = "SettingsError";
}

/** A deploy that is well-formed but must not happen now. */
export class GuardError extends TurnoutError {
  override name = "GuardError";
}

/** Somebody else is at work; trying again later is the remedy. */
export class BusyError extends TurnoutError {
  override name = "BusyError";
}

/** A step of a deploy that did not get through. Running it again is safe. */
export class StepError extends TurnoutError {
  override name = "StepError";
}

/**
 * Exit codes of the commands and jobs (docs/operations.md has the same table).
 * 1 is left to defects: an exit with it carries a stack trace.
 */
export const exitCodes = { settings: 2, guard: 3, busy: 4, step: 5, other: 6, unhealthy: 7 } as const;

/** The exit code for anything thrown; 1 for what is not a person's to mend. */
export function exitCode(error: unknown): number {
  if (error instanceof SettingsError) return exitCodes.settings;
  if (error instanceof GuardError) return exitCodes.guard;
  if (error instanceof BusyError) return exitCodes.busy;
  if (error instanceof StepError) return exitCodes.step;
  return error instanceof TurnoutError ? exitCodes.other : 1;
}

/** The line a person reads: the sentence alone for known errors, the stack for defects. */
export function describeError(error: unknown): string {
  if (error instanceof TurnoutError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * A command as a person types it.
 * @param words what comes after `npm run`, such as `ops -- status`
 * @param stack the stack it is for; `dev` is the one every command takes by itself, but for `pulumi`, which takes the one
 * that is selected
 */
export function command(words: string, stack: string): string {
  if (stack === "dev" && !words.startsWith("pulumi ")) return `npm run ${words}`;
  return `npm run ${words}${words.includes(" -- ") ? "" : " --"} --stack ${stack}`;
}
