/**
 * A moment, told so that no set clock can move it: which boot of the machine, and how long after it. `wallMs` (epoch) is for people to read.
 */
export type EdgeTime = { bootId: string; uptimeMs: number; wallMs: number };

/**
 * When something ends. It runs on the machine's uptime: a clock set forward or back neither shortens nor extends it, and
 * a reboot ends it.
 */
export type Deadline = {
  /** What was asked for, in milliseconds. */
  ttlMs: number;
  /** When it ends by the wall clock, epoch milliseconds. For people; nothing decides by it. */
  expiresAt: number;
  /** The boot it was given in. */
  bootId: string;
  /** Uptime of the machine at which it ends, in milliseconds. */
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
