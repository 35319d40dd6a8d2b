import { setTimeout as delay } from "node:timers/promises";
import { StepError } from "../core/errors.ts";
import type { EdgeAddress } from "../core/jobs.ts";
import type { DockerEngine } from "./docker.ts";
import type { EdgeClient } from "./edge.ts";
import type { Journal } from "./journal.ts";

/** What a job may use of the world. Everything with an effect comes through here. */
export interface JobContext {
  journal: Journal;
  docker: DockerEngine;
  /** @param deadlineMs how long a call may take with all its tries. Default 30,000 */
  edge: (address: EdgeAddress, deadlineMs?: number) => EdgeClient;
  /** Tells the operator what the job is at. */
  say: (line: string) => void;
  now: () => Date;
  sleep: (milliseconds: number) => Promise<unknown>;
}

/** The real clock. */
export const realTime = { now: () => new Date(), sleep: (milliseconds: number) => delay(milliseconds) };

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
export async function until(
  context: Pick<JobContext, "now" | "sleep">,
  what: string,
  poll: Poll,
  ask: () => Promise<true | string>,
): Promise<void> {
  const deadline = context.now().getTime() + poll.timeout * 1000;
  for (;;) {
    const answer = await ask();
    if (answer === true) return;
    if (context.now().getTime() >= deadline) throw new StepError(`${what} after ${poll.timeout} s: ${answer}`);
    await context.sleep(poll.every ?? 200);
  }
}
