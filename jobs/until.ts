import { setTimeout as delay } from "node:timers/promises";
import { StepError } from "../core/errors.ts";

/** What waiting needs. */
export interface Clock {
  /** The wall clock, for what people read. It may be set at any moment, so no duration is measured with it. */
  now: () => Date;
  /** Milliseconds from some moment on; setting the clock does not change it. */
  monotonic: () => number;
  sleep: (milliseconds: number) => Promise<unknown>;
}

/** The real clock. */
export const realTime: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (milliseconds) => delay(milliseconds),
};

/** How long to ask, and how often. */
export interface Poll {
  /** Seconds until it times out. */
  timeout: number;
  /** Milliseconds between two tries. Default 200. */
  every?: number;
}

/**
 * Asks until the answer is `true`; any other answer is the reason to wait.
 * @throws StepError with the last reason
 */
export async function until(clock: Clock, what: string, poll: Poll, ask: () => Promise<true | string>): Promise<void> {
  const deadline = clock.monotonic() + poll.timeout * 1000;
  for (;;) {
    const answer = await ask();
    if (answer === true) return;
    if (clock.monotonic() >= deadline) throw new StepError(`${what} after ${poll.timeout} s: ${answer}`);
    await clock.sleep(poll.every ?? 200);
  }
}
