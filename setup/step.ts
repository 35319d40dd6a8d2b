import { TurnoutError } from "../core/errors.ts";

/** A prerequisite that could not be had: what failed, why, and what to do. */
export class SetupError extends TurnoutError {
  override name = "SetupError";
}

/** One prerequisite: how to see whether it is there, and how to get it. */
export interface Step {
  /** What it provides, as in `docker engine`. */
  readonly name: string;
  /** What to do by hand where set-up cannot, for `npm run doctor`. */
  readonly remedy: string;
  /**
   * A quick look that changes nothing.
   * @returns what is missing, in words; undefined when all is there
   */
  check(): Promise<string | undefined>;
  /**
   * Provides it. Safe to run again after it was interrupted.
   * @param say takes progress, a line at a time
   * @throws SetupError
   */
  run(say: (line: string) => void): Promise<void>;
}

/** What the steps are run with. */
export interface Surroundings {
  /** Takes the lines for the person who waits. */
  say(line: string): void;
  /** Milliseconds, from any fixed point. */
  now(): number;
  /** Keeps other set-ups away while `work` runs; `wait` is called when it has to wait for one. */
  exclusively<T>(work: () => Promise<T>, wait: () => void): Promise<T>;
}

/**
 * Runs the steps in order and stops at the first that fails. What is there already is passed over in silence.
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
      () => say(`  ${step.name}: another set-up is at work; waiting for it`),
    );
    if (ran) done += 1;
    say(`✓ ${step.name} … ${duration(now() - began)}`);
  }
  say(done === 0 ? `set-up: all there, ${duration(now() - start)}` : `set-up: done, ${duration(now() - start)}`);
}

/** @returns false when another set-up has provided it in the meantime */
async function provide(step: Step, say: (line: string) => void): Promise<boolean> {
  const missing = await step.check();
  if (missing === undefined) return false;
  say(`  ${step.name}: ${missing}`);
  await step.run((line) => say(`  ${step.name}: ${line}`));
  const still = await step.check();
  if (still !== undefined) throw new SetupError(`${step.name}: set-up went through, and yet ${still}`, step.remedy);
  return true;
}

/** Looks at every step and changes nothing. @returns whether all is there */
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
