import type { Color } from "../color.ts";
import { type Deadline, type EdgeTime, isOver } from "./time.ts";

/** When what is left of the color that served before begins to be closed, and over how long. Its `ttlMs` counts from the commit. */
export type Drain = Deadline & {
  color: Color;
  /** Over how long the closing is spread, in milliseconds, so that not everybody comes back at once. */
  spreadMs: number;
};

/** The spread where a commit names none, in milliseconds. */
export const defaultDrainSpreadMs = 30_000;

/**
 * HAProxy may follow a commit this much later, in milliseconds; what began until then counts as begun before it. It is
 * as long as the agent waits for HAProxy before it says that the commit is not yet live.
 */
const slackMs = 5_000;

/** Whether a session of at most this age began before the commit that the drain belongs to. */
export function beganBefore(drain: Drain, oldestMs: number, now: EdgeTime): boolean {
  const committedAt = drain.deadlineMs - drain.ttlMs;
  return now.uptimeMs - oldestMs <= committedAt + slackMs;
}

/**
 * The chance with which each session is to be closed now, when last time was `sinceMs` ago. Drawn anew each time it
 * spreads the ends evenly from the deadline on, and at the end of the spread it is 1: nothing else has to be remembered.
 */
export function closingChance(drain: Drain, sinceMs: number, now: EdgeTime): number {
  if (!isOver(drain, now)) return 0;
  const leftMs = drain.deadlineMs + drain.spreadMs - now.uptimeMs;
  const passedMs = Math.min(sinceMs, now.uptimeMs - drain.deadlineMs);
  return leftMs <= 0 ? 1 : passedMs / (leftMs + passedMs);
}
