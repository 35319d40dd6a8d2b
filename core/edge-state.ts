import { type Color, colors, isColor, otherColor, type PerColor } from "./color.ts";
import { TurnoutError } from "./errors.ts";

/**
 * A moment, told so that no set clock can move it: which boot of the machine, and how long after it. `wallMs` (epoch) is for people to read.
 */
export type EdgeTime = { bootId: string; uptimeMs: number; wallMs: number };

/**
 * How long a candidate may serve before somebody has to renew it. It runs on the machine's uptime: a clock set forward or back
 * neither shortens nor extends it, and a reboot ends it.
 */
export type Lease = {
  /** What was asked for, in milliseconds. */
  ttlMs: number;
  /** When it ends by the wall clock, epoch milliseconds. For people; nothing decides by it. */
  expiresAt: number;
  /** The boot it was given in. */
  bootId: string;
  /** Uptime of the machine at which it ends, in milliseconds. */
  deadlineMs: number;
};

/** What the edge is to do: the agent keeps it on the volume and HAProxy's maps follow it. */
export type EdgeState = {
  /** Who serves. Null before the first commit. */
  committed: Color | null;
  /** Who takes `weight` percent of the requests on trial, as long as the lease lasts. */
  candidate: Color | null;
  /** The candidate's share in percent, 0 to 100. */
  weight: number;
  /** There is one exactly when there is a candidate. */
  lease: Lease | null;
  /** The release each color is expected to run; a replica that says otherwise gets no requests. */
  releases: PerColor<string | null>;
  /** The color whose release was announced last. */
  announced: Color | null;
  /** Set by whoever commits, random on a fresh edge: tells a commit from an earlier one of the same color. */
  epoch: string;
};

/** What can be asked of the edge. */
export type EdgeChange =
  | { kind: "announce"; color: Color; release: string }
  | { kind: "commit"; color: Color; epoch: string; expectedCommitted?: Color | null | undefined }
  | { kind: "candidate"; color: Color; weight: number; leaseMs: number }
  | { kind: "renew"; leaseMs: number }
  | { kind: "withdraw" };

/** Why a change was refused; stable, for programs. */
export type RefusalCode =
  | "unknown-color"
  | "no-release"
  | "bad-release"
  | "bad-epoch"
  | "bad-weight"
  | "bad-lease"
  | "nothing-committed"
  | "candidate-is-committed"
  | "no-candidate"
  | "committed-differs";

/** A change that does not fit the state. The state is as it was. */
export class EdgeRefusal extends TurnoutError {
  override name = "EdgeRefusal";
  readonly code: RefusalCode;
  constructor(code: RefusalCode, what: string, todo?: string) {
    super(what, todo);
    this.code = code;
  }
}

/** Leases are between 1 second and 1 hour. */
export const leaseLimits = { minMs: 1_000, maxMs: 3_600_000 } as const;

/** What a release or an epoch may look like: it stands in a map file and in a header. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9._:+@/-]{0,127}$/;

/** A fresh edge: nobody serves. */
export function initialState(epoch: string): EdgeState {
  return {
    committed: null,
    candidate: null,
    weight: 0,
    lease: null,
    releases: { blue: null, green: null },
    announced: null,
    epoch,
  };
}

/**
 * The state after a change. Asking for the same thing twice gives the same answer, so a caller that lost an answer may ask again.
 * @throws EdgeRefusal when the change does not fit
 */
export function applyState(state: EdgeState, change: EdgeChange, now: EdgeTime): EdgeState {
  switch (change.kind) {
    case "announce":
      return announce(state, change);
    case "commit":
      return commit(state, change);
    case "candidate":
      return setCandidate(state, change, now);
    case "renew":
      if (state.candidate === null)
        throw new EdgeRefusal("no-candidate", "there is no candidate whose lease could be renewed", "set one first");
      return { ...state, lease: newLease(change.leaseMs, now) };
    case "withdraw":
      return withoutCandidate(state);
  }
}

/** The state with its lease run out, if it has; otherwise the state itself. */
export function expireLease(state: EdgeState, now: EdgeTime): EdgeState {
  const { lease } = state;
  if (lease === null || (lease.bootId === now.bootId && now.uptimeMs < lease.deadlineMs)) return state;
  return withoutCandidate(state);
}

/** The color the preview entrance shows: the one that does not serve; before the first commit the one announced last. */
export function previewColor(state: EdgeState): Color | null {
  return state.committed === null ? state.announced : otherColor(state.committed);
}

/** The serve map's one value, `<committed>:<candidate>:<weight>:<preview>`, with `-` for nobody. */
export function mapValue(state: EdgeState): string {
  return [state.committed ?? "-", state.candidate ?? "-", state.weight, previewColor(state) ?? "-"].join(":");
}

/**
 * What a starting HAProxy reads: never a candidate, since nobody may be there to end its lease.
 * The agent adds it as soon as it finds HAProxy running without.
 */
export function startValue(state: EdgeState): string {
  return mapValue(withoutCandidate(state));
}

/** The releases map's entries. A color of no known release gets a value no replica can show. */
export function releaseEntries(state: EdgeState): [Color, string][] {
  return colors.map((color) => [color, state.releases[color] ?? "-"]);
}

function announce(state: EdgeState, { color, release }: { color: Color; release: string }): EdgeState {
  mustBeColor(color);
  if (!namePattern.test(release))
    throw new EdgeRefusal(
      "bad-release",
      `the release "${release}" of ${color} is no release name`,
      "use up to 128 letters, digits and . _ : + @ / -",
    );
  return { ...state, releases: { ...state.releases, [color]: release }, announced: color };
}

function commit(state: EdgeState, change: Extract<EdgeChange, { kind: "commit" }>): EdgeState {
  const { color, epoch, expectedCommitted } = change;
  mustBeColor(color);
  if (!namePattern.test(epoch))
    throw new EdgeRefusal(
      "bad-epoch",
      `the epoch "${epoch}" is no name`,
      "use up to 128 letters, digits and . _ : + @ / -",
    );
  const done = state.committed === color && state.epoch === epoch;
  if (!done && expectedCommitted !== undefined && expectedCommitted !== state.committed)
    throw new EdgeRefusal(
      "committed-differs",
      `${state.committed ?? "no color"} serves, not ${expectedCommitted ?? "none"} as the commit of ${color} expects`,
      "look at who serves and decide anew",
    );
  if (state.releases[color] === null)
    throw new EdgeRefusal("no-release", `${color} has no announced release`, "announce it before the commit");
  return { ...withoutCandidate(state), committed: color, epoch };
}

function setCandidate(state: EdgeState, change: Extract<EdgeChange, { kind: "candidate" }>, now: EdgeTime): EdgeState {
  const { color, weight, leaseMs } = change;
  mustBeColor(color);
  if (!Number.isInteger(weight) || weight < 0 || weight > 100)
    throw new EdgeRefusal("bad-weight", `the weight ${weight} is no share in percent`, "use a whole number, 0 to 100");
  if (state.committed === null)
    throw new EdgeRefusal("nothing-committed", "no color serves yet, so none can be on trial beside it", "commit it");
  if (state.committed === color)
    throw new EdgeRefusal("candidate-is-committed", `${color} serves already and cannot be the candidate`);
  if (state.releases[color] === null)
    throw new EdgeRefusal("no-release", `${color} has no announced release`, "announce it before it takes requests");
  return { ...state, candidate: color, weight, lease: newLease(leaseMs, now) };
}

function newLease(ttlMs: number, now: EdgeTime): Lease {
  if (!Number.isInteger(ttlMs) || ttlMs < leaseLimits.minMs || ttlMs > leaseLimits.maxMs)
    throw new EdgeRefusal(
      "bad-lease",
      `a lease of ${ttlMs} ms is out of range`,
      `ask for ${leaseLimits.minMs} to ${leaseLimits.maxMs} ms`,
    );
  return { ttlMs, expiresAt: now.wallMs + ttlMs, bootId: now.bootId, deadlineMs: now.uptimeMs + ttlMs };
}

function withoutCandidate(state: EdgeState): EdgeState {
  return { ...state, candidate: null, weight: 0, lease: null };
}

function mustBeColor(color: unknown): void {
  if (!isColor(color))
    throw new EdgeRefusal("unknown-color", `"${String(color)}" is no color`, `use ${colors.join(" or ")}`);
}
