/**
 * A moment that no change of the clock can move: a boot of the machine, and the time since that boot. `wallMs` (epoch)
 * is for people to read.
 */
export type EdgeTime = { bootId: string; uptimeMs: number; wallMs: number };

/**
 * When something ends. It uses the machine's uptime: a change of the clock neither shortens nor extends it, and a
 * reboot ends it.
 */
export type Deadline = {
  /** The requested duration in milliseconds. */
  ttlMs: number;
  /** When it ends by the wall clock, in epoch milliseconds. For people only; no decision uses it. */
  expiresAt: number;
  /** The boot in which it was set. */
  bootId: string;
  /** The machine's uptime at which it ends, in milliseconds. */
  deadlineMs: number;
};

/** The deadline `ttlMs` from now. */
export function deadlineIn(ttlMs: number, now: EdgeTime): Deadline {
  return { ttlMs, expiresAt: now.wallMs + ttlMs, bootId: now.bootId, deadlineMs: now.uptimeMs + ttlMs };
}

/** Whether a deadline has passed. */
export function isOver(deadline: Deadline, now: EdgeTime): boolean {
  return deadline.bootId !== now.bootId || now.uptimeMs >= deadline.deadlineMs;
}

/** Milliseconds until a deadline, 0 when it has passed. */
export function remainingMs(deadline: Deadline, now: EdgeTime): number {
  return isOver(deadline, now) ? 0 : deadline.deadlineMs - now.uptimeMs;
}
