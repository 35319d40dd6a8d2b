import { beganBefore, closingChance, type Drain } from "../core/edge/drain.ts";
import type { EdgeTime } from "../core/edge/time.ts";
import type { Haproxy } from "./haproxy.ts";
import { parseSessions } from "./parse.ts";

/** A request, answer or tunnel in progress, in a worker. */
type Session = { pid: number; id: string };

/** The previously active color's sessions from before the commit, on the public entrance of all workers. */
export async function sessionsLeft(haproxy: Haproxy, drain: Drain, now: EdgeTime): Promise<Session[]> {
  const left: Session[] = [];
  for (const { pid } of await haproxy.workers())
    for (const session of parseSessions(await haproxy.ask(pid, "show sess")))
      if (
        session.frontend === "public" &&
        session.backend.startsWith(`be_${drain.color}_`) &&
        beganBefore(drain, session.oldestMs, now)
      )
        left.push({ pid, id: session.id });
  return left;
}

/**
 * Closes each remaining session with the probability that is due.
 * @param sinceMs milliseconds since the last call
 * @param random returns a number from 0 to 1
 * @returns how many sessions remain
 */
export async function closeSome(
  haproxy: Haproxy,
  drain: Drain,
  sinceMs: number,
  now: EdgeTime,
  random: () => number,
): Promise<number> {
  const chance = closingChance(drain, sinceMs, now);
  const sessions = await sessionsLeft(haproxy, drain, now);
  const due = sessions.filter(() => random() < chance);
  for (const { pid, id } of due) await haproxy.ask(pid, `shutdown session ${id}`);
  return sessions.length - due.length;
}
