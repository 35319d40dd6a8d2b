import type { Color, PerColor } from "../color.ts";
import type { Drain } from "./drain.ts";
import type { Maintenance } from "./maintenance.ts";
import type { Deadline } from "./time.ts";

/** How long a candidate may serve before somebody has to renew it. */
export type Lease = Deadline;

/** Until when visitors whose cookie names the color that served before are still served by it. */
export type Skew = Deadline & { color: Color };

/** What the edge is to do: the agent keeps it on the volume and HAProxy's maps follow it. */
export type EdgeState = {
  /** Who serves. Null before the first commit. */
  committed: Color | null;
  /** Who takes `weight` percent of the visitors on trial, as long as the lease lasts. */
  candidate: Color | null;
  /** The candidate's share in percent, 0 to 100. */
  weight: number;
  /** There is one exactly when there is a candidate. */
  lease: Lease | null;
  /** There is none while there is a candidate; its color never is the committed one. */
  skew: Skew | null;
  /** Its color is one that served before and does not now. */
  drain: Drain | null;
  /** While there is one, the public entrance answers 503 to everything, whoever serves. */
  maintenance: Maintenance | null;
  /** The release each color is expected to run; a replica that says otherwise gets no requests. */
  releases: PerColor<string | null>;
  /** A second release a color may run, while its replicas are replaced one after the other. */
  also: PerColor<string | null>;
  /** The color whose release was announced last. */
  announced: Color | null;
  /** Set by whoever commits, random on a fresh edge: tells a commit from an earlier one of the same color. */
  epoch: string;
};

/** A fresh edge: nobody serves. */
export function initialState(epoch: string): EdgeState {
  return {
    committed: null,
    candidate: null,
    weight: 0,
    lease: null,
    skew: null,
    drain: null,
    maintenance: null,
    releases: { blue: null, green: null },
    also: { blue: null, green: null },
    announced: null,
    epoch,
  };
}

/** The state with every request at the committed color. */
export function withoutCandidate(state: EdgeState): EdgeState {
  return { ...state, candidate: null, weight: 0, lease: null };
}
