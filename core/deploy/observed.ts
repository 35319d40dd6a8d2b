import type { Color, PerColor } from "../color.ts";
import type { CanaryStep, RevertedRelease, SoakUnderWay } from "../journal/history.ts";
import type { Incident } from "../journal/incidents.ts";

/** How many replicas of a service are ready, and how many are configured. */
export interface ServiceReplicas {
  service: string;
  color: Color;
  kind: "web" | "worker";
  wanted: number;
  ready: number;
}

/** What a deploy finds on the server, from the edge, the journal and Docker. */
export interface Observed {
  /** The public entrance shows the maintenance page. */
  maintenance: boolean;
  /** The active color as the edge reports it; null: none; undefined: the edge is unreachable. */
  live: Color | null | undefined;
  candidate: Color | null;
  /** The candidate's share in percent. */
  weight: number;
  /** The release each color is expected to run, as announced to the edge. */
  releases: PerColor<string | null>;
  /** A second release that replicas of a color may run, while one rolls over the other. */
  also: PerColor<string | null>;
  /** The version each color's services run; null when it has none. */
  versions: PerColor<string | null>;
  /** The version of each color that last passed the smoke tests. */
  proven: PerColor<string | null>;
  /** Differs after a change of the active color outside `pulumi up`; undefined if unknown. */
  epoch: string | undefined;
  services: ServiceReplicas[];
  /** Why the active color is not ready, by its ready paths; null when it is ready or no color is active. */
  unready: string | null;
  /** The workers are on their way from one color to the other. */
  handover: boolean;
  schemaRevision: string | null;
  lastBackup: string | null;
  lastRelease: { color: Color; release: string; at: string } | null;
  /** Releases that were withdrawn or reverted because they were at fault, and are refused. */
  incidents: Incident[];
  /** The step of a canary that is under way. */
  canaryStep: CanaryStep | null;
  /** The release that is watched after its update. */
  soak: SoakUnderWay | null;
  /** The release that was withdrawn or reverted last, if none was committed after it. */
  lastReverted: RevertedRelease | null;
  /** Lines of the journal that are no records, and are ignored. */
  invalidJournalLines: number;
  /** The edge itself: HAProxy behind its agent. */
  edge: "up" | "down";
}

/** The epoch before the edge has reported one. */
export const firstEpoch = "first";

/** What is observed where nothing is deployed. */
export const nothingObserved: Observed = {
  maintenance: false,
  live: null,
  candidate: null,
  weight: 0,
  releases: { blue: null, green: null },
  also: { blue: null, green: null },
  versions: { blue: null, green: null },
  proven: { blue: null, green: null },
  epoch: undefined,
  services: [],
  unready: null,
  handover: false,
  schemaRevision: null,
  lastBackup: null,
  lastRelease: null,
  incidents: [],
  canaryStep: null,
  soak: null,
  lastReverted: null,
  invalidJournalLines: 0,
  edge: "down",
};
