import type { Color, PerColor } from "../color.ts";
import type { Drain } from "./drain.ts";
import type { Maintenance } from "./maintenance.ts";
import type { Deadline } from "./time.ts";

/** Until when a candidate keeps its share unless its lease is renewed. */
export type Lease = Deadline;

/** Until when users whose cookie names the previously active color stay on it. */
export type Skew = Deadline & { color: Color };

/** The desired state of the edge: the agent keeps it on the volume and applies it to HAProxy's maps. */
export type EdgeState = {
  /** The active color. Null before the first commit. */
  committed: Color | null;
  /** The color that receives `weight` percent of the users until the lease expires. */
  candidate: Color | null;
  /** The candidate's share in percent, 0 to 100. */
  weight: number;
  /** Set exactly when there is a candidate. */
  lease: Lease | null;
  /** Null while there is a candidate; its color is never the committed one. */
  skew: Skew | null;
  /** Its color was active before and is not now. */
  drain: Drain | null;
  /** While set, the public entrance answers 503 to every request, whichever color is active. */
  maintenance: Maintenance | null;
  /** The release that each color is expected to run; a replica that shows another one receives no requests. */
  releases: PerColor<string | null>;
  /** A second release that a color may run while its replicas are replaced one at a time. */
  also: PerColor<string | null>;
  /** The color whose release was announced last. */
  announced: Color | null;
  /** Set by each commit, random on a fresh edge: distinguishes a commit from an earlier one of the same color. */
  epoch: string;
};

/** The state of a fresh edge: no color is active. */
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

/** The state with all traffic on the committed color. */
export function withoutCandidate(state: EdgeState): EdgeState {
  return { ...state, candidate: null, weight: 0, lease: null };
}
