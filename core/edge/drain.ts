import type { Color } from "../color.ts";
import { type Deadline, type EdgeTime, isOver } from "./time.ts";

/**
 * When the edge begins to close the remaining sessions of the previously active color, and over how long. `ttlMs`
 * counts from the commit.
 */
export type Drain = Deadline & {
  color: Color;
  /** Over how long the closing is spread, in milliseconds, so that clients do not all reconnect at once. */
  spreadMs: number;
};

/** The spread by default, in milliseconds. */
export const defaultDrainSpreadMs = 30_000;

/**
 * HAProxy may apply a commit this much later, in milliseconds; a session that began until then counts as begun before
 * the commit. It equals the time that the agent waits for HAProxy before it reports that the commit is not yet live.
 */
const slackMs = 5_000;

/** Whether a session of at most this age began before the drain's commit. */
export function beganBefore(drain: Drain, oldestMs: number, now: EdgeTime): boolean {
  const committedAt = drain.deadlineMs - drain.ttlMs;
  return now.uptimeMs - oldestMs <= committedAt + slackMs;
}

/**
 * The probability with which each session is to be closed now, `sinceMs` after the last time. Drawn every time, it
 * spreads the closing evenly after the deadline; at the end of the spread it is 1. It needs no further state.
 */
export function closingChance(drain: Drain, sinceMs: number, now: EdgeTime): number {
  if (!isOver(drain, now)) return 0;
  const leftMs = drain.deadlineMs + drain.spreadMs - now.uptimeMs;
  const passedMs = Math.min(sinceMs, now.uptimeMs - drain.deadlineMs);
  return leftMs <= 0 ? 1 : passedMs / (leftMs + passedMs);
}
