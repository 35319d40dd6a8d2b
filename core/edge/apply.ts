import type { Color } from "../color.ts";
import { type Commit, commit } from "./commit.ts";
import { defaultRetryAfterSeconds, maintenanceOf } from "./maintenance.ts";
import { EdgeRefusal, mustBeColor, mustBeName, mustBeWithin } from "./refusal.ts";
import { type EdgeState, type Lease, withoutCandidate } from "./state.ts";
import { deadlineIn, type EdgeTime, isOver } from "./time.ts";

/** Which release a color is to run. */
export type Announcement = {
  color: Color;
  release: string;
  /** A second one that is trusted as well, until the next announcement of the color. */
  also?: string | undefined;
};

/** What can be asked of the edge. */
export type EdgeChange =
  | ({ kind: "announce" } & Announcement)
  | ({ kind: "commit" } & Commit)
  | { kind: "candidate"; color: Color; weight: number; leaseMs: number }
  | { kind: "renew"; leaseMs: number }
  | { kind: "withdraw" }
  | { kind: "end-skew" }
  | { kind: "maintenance"; on: boolean; retryAfterSeconds?: number | undefined };

/** Leases are between 1 second and 1 hour. */
const leaseLimits = { minMs: 1_000, maxMs: 3_600_000 } as const;

/**
 * The state after a change. Asking for the same thing twice gives the same answer, so a caller that lost an answer may ask again.
 * @throws EdgeRefusal when the change does not fit
 */
export function applyState(state: EdgeState, change: EdgeChange, now: EdgeTime): EdgeState {
  switch (change.kind) {
    case "announce":
      return announce(state, change);
    case "commit":
      return commit(state, change, now);
    case "candidate":
      return setCandidate(state, change, now);
    case "renew":
      if (state.candidate === null)
        throw new EdgeRefusal("no-candidate", "there is no candidate whose lease could be renewed", "set one first");
      return { ...state, lease: newLease(change.leaseMs, now) };
    case "withdraw":
      return withoutCandidate(state);
    case "end-skew":
      return { ...state, skew: null };
    case "maintenance":
      return { ...state, maintenance: maintenanceOf(change.on, change.retryAfterSeconds ?? defaultRetryAfterSeconds) };
  }
}

/** The state without what has run out by now, a lease, skew, or a drain of before a reboot; the state itself when nothing has. */
export function expire(state: EdgeState, now: EdgeTime): EdgeState {
  let current = state;
  if (current.lease && isOver(current.lease, now)) current = withoutCandidate(current);
  if (current.skew && isOver(current.skew, now)) current = { ...current, skew: null };
  // A reboot has ended what was to be closed. Otherwise a drain ends when nothing is left.
  if (current.drain && current.drain.bootId !== now.bootId) current = { ...current, drain: null };
  return current;
}

function announce(state: EdgeState, { color, release, also }: Announcement): EdgeState {
  mustBeColor(color);
  mustBeName("bad-release", "release", release);
  if (also !== undefined) mustBeName("bad-release", "second release", also);
  // Another release is not what the visitors of the old one hold on to.
  const replaced = state.skew?.color === color && state.releases[color] !== release;
  return {
    ...state,
    releases: { ...state.releases, [color]: release },
    also: { ...state.also, [color]: also === undefined || also === release ? null : also },
    announced: color,
    skew: replaced ? null : state.skew,
  };
}

function setCandidate(state: EdgeState, change: Extract<EdgeChange, { kind: "candidate" }>, now: EdgeTime): EdgeState {
  const { color, weight, leaseMs } = change;
  mustBeColor(color);
  mustBeWithin("bad-weight", "a weight in percent", weight, 0, 100);
  if (state.committed === null)
    throw new EdgeRefusal("nothing-committed", "no color serves yet, so none can be on trial beside it", "commit it");
  if (state.committed === color)
    throw new EdgeRefusal("candidate-is-committed", `${color} serves already and cannot be the candidate`);
  if (state.releases[color] === null)
    throw new EdgeRefusal("no-release", `${color} has no announced release`, "announce it before it takes requests");
  // From here on the bucket decides alone, or the share would not be the share.
  return { ...state, candidate: color, weight, lease: newLease(leaseMs, now), skew: null };
}

function newLease(ttlMs: number, now: EdgeTime): Lease {
  mustBeWithin("bad-lease", "a lease in milliseconds", ttlMs, leaseLimits.minMs, leaseLimits.maxMs);
  return deadlineIn(ttlMs, now);
}
