import { expire } from "../core/edge/apply.ts";
import { previewColor } from "../core/edge/map.ts";
import type { StateAnswer } from "../core/edge/schema.ts";
import type { EdgeState } from "../core/edge/state.ts";
import { type Deadline, type EdgeTime, remainingMs } from "../core/edge/time.ts";
import { sessionsLeft } from "./drain.ts";
import type { Haproxy } from "./haproxy.ts";
import { observe } from "./live.ts";

/** The answer to `GET /v1/state`, from the state and HAProxy; `config` and `instance` are added by the keeper. */
export async function viewOf(
  state: EdgeState,
  haproxy: Haproxy,
  now: EdgeTime,
): Promise<Omit<StateAnswer, "config" | "instance">> {
  const current = expire(state, now);
  const { committed, candidate, weight, releases, also, epoch, lease, skew, drain, maintenance } = current;
  const left = drain && (await sessionsLeft(haproxy, drain, now).catch(() => []));
  return {
    ...{ committed, candidate, weight, releases, also, epoch, preview: previewColor(current), maintenance },
    lease: lease && timeLeft(lease, now),
    skew: skew && { color: skew.color, ...timeLeft(skew, now) },
    drain: drain && { color: drain.color, ...timeLeft(drain, now), left: left?.length ?? 0 },
    ...(await observe(haproxy, current)),
  };
}

function timeLeft(deadline: Deadline, now: EdgeTime) {
  const { ttlMs, expiresAt } = deadline;
  return { ttlMs, expiresAt, remainingMs: remainingMs(deadline, now) };
}
