import { beganBefore, closingChance, type Drain } from "../core/edge/drain.ts";
import type { EdgeTime } from "../core/edge/time.ts";
import type { Haproxy } from "./haproxy.ts";
import { parseSessions } from "./parse.ts";

/** A request, answer or tunnel under way, in the worker that has it. */
type Session = { pid: number; id: string };

/** What is left on the public entrance of the color that served before, begun before the commit, in every worker. */
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
 * Closes each session that is left with the chance that is due.
 * @param sinceMs milliseconds since the last time
 * @param random draws from 0 to 1
 * @returns how many are left then
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
