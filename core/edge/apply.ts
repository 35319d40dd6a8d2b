import type { Color } from "../color.ts";
import { type Commit, commit } from "./commit.ts";
import { defaultRetryAfterSeconds, maintenanceOf } from "./maintenance.ts";
import { EdgeRefusal, mustBeColor, mustBeName, mustBeWithin } from "./refusal.ts";
import { type EdgeState, type Lease, withoutCandidate } from "./state.ts";
import { deadlineIn, type EdgeTime, isOver } from "./time.ts";

/** The release that a color is to run. */
export type Announcement = {
  color: Color;
  release: string;
  /** A second release that is trusted until the next announcement of the color. */
  also?: string | undefined;
};

/** A change of the edge's state. */
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
 * The state after a change. Repeating a change gives the same result, so a caller that lost an answer can retry.
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
        throw new EdgeRefusal("no-candidate", "there is no candidate, so there is no lease to renew", "set one first");
      return { ...state, lease: newLease(change.leaseMs, now) };
    case "withdraw":
      return withoutCandidate(state);
    case "end-skew":
      return { ...state, skew: null };
    case "maintenance":
      return { ...state, maintenance: maintenanceOf(change.on, change.retryAfterSeconds ?? defaultRetryAfterSeconds) };
  }
}

/**
 * The state without what has expired by now: a lease, skew, or a drain from before a reboot.
 * @returns the same object when nothing has expired
 */
export function expire(state: EdgeState, now: EdgeTime): EdgeState {
  let current = state;
  if (current.lease && isOver(current.lease, now)) current = withoutCandidate(current);
  if (current.skew && isOver(current.skew, now)) current = { ...current, skew: null };
  // A reboot has closed all sessions. Otherwise a drain ends when no session remains.
  if (current.drain && current.drain.bootId !== now.bootId) current = { ...current, drain: null };
  return current;
}

function announce(state: EdgeState, { color, release, also }: Announcement): EdgeState {
  mustBeColor(color);
  mustBeName("bad-release", "release", release);
  if (also !== undefined) mustBeName("bad-release", "second release", also);
  // Skew keeps users on the old release, not on another one of the same color.
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
    throw new EdgeRefusal("nothing-committed", "no color is active yet, so there can be no candidate", "commit it");
  if (state.committed === color)
    throw new EdgeRefusal("candidate-is-committed", `${color} is already active and cannot be the candidate`);
  if (state.releases[color] === null)
    throw new EdgeRefusal("no-release", `${color} has no announced release`, "announce it before it receives requests");
  // From now on only the bucket decides; with skew the candidate would not get exactly its share.
  return { ...state, candidate: color, weight, lease: newLease(leaseMs, now), skew: null };
}

function newLease(ttlMs: number, now: EdgeTime): Lease {
  mustBeWithin("bad-lease", "a lease in milliseconds", ttlMs, leaseLimits.minMs, leaseLimits.maxMs);
  return deadlineIn(ttlMs, now);
}
