import { TurnoutError } from "../core/errors.ts";

/** A prerequisite that could not be installed: what failed, why, and what to do. */
export class SetupError extends TurnoutError {
  override name = "SetupError";
}

/** One prerequisite: how to check for it, and how to install it. */
export interface Step {
  /** What it provides, such as `docker engine`. */
  readonly name: string;
  /** What to do by hand where the set-up cannot, for `npm run doctor`. */
  readonly remedy: string;
  /**
   * A quick check that changes nothing.
   * @returns what is missing, in words; undefined if nothing is
   */
  check(): Promise<string | undefined>;
  /**
   * Installs it. Safe to run again after an interruption.
   * @param say prints a line of progress
   * @throws SetupError
   */
  run(say: (line: string) => void): Promise<void>;
}

/** What the steps are run with. */
export interface Surroundings {
  /** Prints a line. */
  say(line: string): void;
  /** Milliseconds since any fixed point. */
  now(): number;
  /** Runs `work` while no other set-up is running; `wait` is called if it has to wait for one. */
  exclusively<T>(work: () => Promise<T>, wait: () => void): Promise<T>;
}

/**
 * Runs the steps in order and stops at the first that fails. A step with nothing to do prints nothing.
 * @throws SetupError
 */
export async function runSteps(steps: readonly Step[], { say, now, exclusively }: Surroundings): Promise<void> {
  const start = now();
  let done = 0;
  for (const step of steps) {
    if ((await step.check()) === undefined) continue;
    const began = now();
    const ran = await exclusively(
      () => provide(step, say),
      () => say(`  ${step.name}: waiting for another set-up to finish`),
    );
    if (ran) done += 1;
    say(`✓ ${step.name} … ${duration(now() - began)}`);
  }
  say(done === 0 ? `set-up: nothing to do, ${duration(now() - start)}` : `set-up: done, ${duration(now() - start)}`);
}

/** @returns false if another set-up has done it in the meantime */
async function provide(step: Step, say: (line: string) => void): Promise<boolean> {
  const missing = await step.check();
  if (missing === undefined) return false;
  say(`  ${step.name}: ${missing}`);
  await step.run((line) => say(`  ${step.name}: ${line}`));
  const still = await step.check();
  if (still !== undefined) throw new SetupError(`${step.name}: the set-up succeeded, but ${still}`, step.remedy);
  return true;
}

/** Checks every step and changes nothing. @returns whether nothing is missing */
export async function diagnose(steps: readonly Step[], say: (line: string) => void): Promise<boolean> {
  let complete = true;
  for (const step of steps) {
    const missing = await step.check();
    say(missing === undefined ? `✓ ${step.name}` : `✗ ${step.name}: ${missing}. ${step.remedy}.`);
    complete &&= missing === undefined;
  }
  return complete;
}

/** `0.8 s`, `41.0 s`, `8 min 12 s`. @param ms milliseconds */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
