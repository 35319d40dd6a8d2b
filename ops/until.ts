import { setTimeout as delay } from "node:timers/promises";
import { StepError } from "../core/errors.ts";

/** What waiting needs of the world. */
export interface Clock {
  now: () => Date;
  sleep: (milliseconds: number) => Promise<unknown>;
}

/** The real clock. */
export const realTime: Clock = { now: () => new Date(), sleep: (milliseconds) => delay(milliseconds) };

/** How long to ask, and how often. */
export interface Poll {
  /** Seconds until it gives up. */
  timeout: number;
  /** Milliseconds between two tries. Default 200. */
  every?: number;
}

/**
 * Asks until the answer is `true`; any other answer says what is still missing.
 * @throws StepError with the last thing that was missing
 */
export async function until(clock: Clock, what: string, poll: Poll, ask: () => Promise<true | string>): Promise<void> {
  const deadline = clock.now().getTime() + poll.timeout * 1000;
  for (;;) {
    const answer = await ask();
    if (answer === true) return;
    if (clock.now().getTime() >= deadline) throw new StepError(`${what} after ${poll.timeout} s: ${answer}`);
    await clock.sleep(poll.every ?? 200);
  }
}
