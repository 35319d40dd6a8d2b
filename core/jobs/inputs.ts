import type { Color, PerColor } from "../color.ts";
import type { Order } from "../rollout/state.ts";
import type { RolloutSettings, Strategy } from "../settings/rollout.ts";
import type { EdgeRequest } from "../system/routes.ts";
import type { SmokeCheck, System } from "../system/schema.ts";
import type { Thresholds } from "../verdict/thresholds.ts";

/** How a job reaches the edge: its agent, which changes it, and the entrances of users and smoke tests. */
export interface EdgeAddress {
  agentUrl: string;
  token: string;
  publicUrl: string;
  previewUrl: string;
  /** The public entrance from inside, which the maintenance page does not close. */
  insideUrl: string;
}

/** How a job reaches the system's database. */
export interface DatabaseAddress {
  host: string;
  port: number;
  name: string;
  user: string;
  password: string;
  sslmode: string;
}

/** The input of every job. */
interface JobBase {
  /** `<project>-<stack>`, what every name of the stack begins with. */
  prefix: string;
}

/** The input of a job that deploys a release. */
interface ReleaseJob extends JobBase {
  color: Color;
  version: string;
  release: string;
}

/** Are the published ports free? */
export interface PreflightInput extends JobBase {
  ports: { public: number; preview: number };
}

/** Gives the edge a new configuration in place. */
export interface EdgeConfigInput extends JobBase {
  edge: EdgeAddress;
  text: string;
  hash: string;
}

/** Dump, checksum, list; before that, the active color is stopped where the strategy asks for it. */
export interface BackupInput extends ReleaseJob {
  edge: EdgeAddress;
  strategy: Strategy;
  web: Wanted[];
  workers: Wanted[];
  /** Seconds that workers have to end their work. */
  workerGrace: number;
  database: DatabaseAddress;
  /** Seconds for the whole backup. */
  timeout: number;
}

/** A Swarm secret as a task mounts it under /run/secrets. */
export interface MountedSecret {
  id: string;
  name: string;
  file: string;
}

/** A container that runs once, to its end, inside the Swarm. */
export interface TaskSpec {
  image: string;
  network: string;
  env: Record<string, string>;
  user: string;
  tmpfs: string[];
  secrets: MountedSecret[];
  /** Placement constraints. */
  constraints: string[];
}

/** Upgrade, current equals heads, active color still ready. */
export interface MigrationInput extends ReleaseJob {
  edge: EdgeAddress;
  strategy: Strategy;
  database: DatabaseAddress;
  task: TaskSpec;
  upgrade: string[];
  current: string[];
  heads: string[];
  revisionPattern: string;
  aheadPattern: string | undefined;
  /** What the active color must answer with 200 afterwards. */
  ready: EdgeRequest[];
  /** Seconds a statement of the migration may wait for a lock. */
  lockTimeout: number;
  /** Seconds for the whole migration. */
  timeout: number;
}

/** A service and how many replicas of it are wanted. */
export interface Wanted {
  service: string;
  replicas: number;
}

/** Makes workers run in the active color only. */
export interface WorkersInput extends JobBase {
  color: Color;
  edge: EdgeAddress;
  workers: Wanted[];
  /** Seconds for workers to start. */
  timeout: number;
  /** Seconds that workers have to end their work. */
  workerGrace: number;
}

/** The smoke tests through the preview entrance. */
export interface SmokeInput extends ReleaseJob {
  edge: EdgeAddress;
  web: Wanted[];
  checks: SmokeCheck[];
  /** Secrets the checks name. */
  secrets: Record<string, string>;
  /** Seconds until every replica must be ready, and again until every check must have passed. */
  timeout: number;
}

/** What watching a release needs. */
export interface WatchInput extends ReleaseJob {
  edge: EdgeAddress;
  web: Wanted[];
  thresholds: Thresholds;
  database: DatabaseAddress;
  /** Requests that change nothing, sent where there is too little traffic to judge by. */
  probes: SmokeCheck[];
  metrics: System["metrics"] | null;
}

/** The color to become active, as a watched transaction. */
export interface ShiftInput extends WatchInput {
  /** What the edge's epoch is once this shift has committed; see `EdgeState`. */
  epoch: string;
  strategy: Strategy;
  rollout: RolloutSettings;
  workers: PerColor<Wanted[]>;
  /** What a color that was stopped must answer with 200 once it is started again. */
  ready: EdgeRequest[];
  /** Seconds until every replica must be ready. */
  timeout: number;
  /** Seconds that the old color's workers have to end their work. */
  workerGrace: number;
  /** What the soak's job is given as files: the edge's token and the database's address. */
  soakSecrets: MountedSecret[];
}

/**
 * Continues to watch a release after the update has returned. Its input is in argv and has no secret; those are files.
 */
export interface SoakInput extends Omit<WatchInput, "edge" | "database"> {
  edge: Omit<EdgeAddress, "token">;
  /** How many records of the journal the shift has read for orders: later ones are the soak's. */
  ordersRead: number;
  /** The color to revert to, and the release it had when the soak began. */
  from: { color: Color; release: string; version: string | null };
  /** How long to watch, and how long a fault of both colors may delay its end; seconds. */
  soak: number;
  hold: number;
  /** How long the watched release's websockets and long answers may stay open after it was reverted, in seconds. */
  drain: number;
  workers: PerColor<Wanted[]>;
  workerGrace: number;
  timeout: number;
}

/** Lets the old color's workers end, then starts the new one's. Its input is in argv and has no secret. */
export interface HandoverInput extends JobBase {
  /** The color whose workers are to run. */
  color: Color;
  release: string;
  workers: PerColor<Wanted[]>;
  /** Seconds for the old ones to end. */
  workerGrace: number;
  /** Seconds for the new ones to start. */
  timeout: number;
}

/** Observes the server. Changes nothing. */
export interface ObserveInput extends JobBase {
  edge: EdgeAddress;
  /** What the active color must answer with 200. */
  ready: EdgeRequest[];
}

/** An operator's order to the shift or soak under way, or about an incident. */
export interface OrderInput extends JobBase {
  order: Order | "retry";
}

/** Reads the journal. */
export interface LogInput extends JobBase {
  /** A head of the journal's chain that is recorded elsewhere; the check of the chain looks for it. Default none */
  knownHead?: string | null;
}

/** Removes jobs that run unattended, so that what they use can be removed. */
export interface SweepInput extends JobBase {
  /** `soak`: that one alone. `all`: every job. */
  jobs: "soak" | "all";
}

/** The input of each verb of the ops image. */
export interface JobInputs {
  preflight: PreflightInput;
  "edge-config": EdgeConfigInput;
  backup: BackupInput;
  migration: MigrationInput;
  workers: WorkersInput;
  smoke: SmokeInput;
  shift: ShiftInput;
  handover: HandoverInput;
  soak: SoakInput;
  order: OrderInput;
  sweep: SweepInput;
  observe: ObserveInput;
  log: LogInput;
}

/** A verb of the ops image that runs as a job. */
export type JobVerb = keyof JobInputs;

/** The last line of a job's stdout: what it did. Secrets are never in it. */
export interface JobResult {
  step: string;
  /** When it ended, ISO 8601 in UTC. */
  at: string;
}

/** The result of a backup. */
export interface BackupResult extends JobResult {
  file: string;
  bytes: number;
  sha256: string;
  tables: number;
}

/** The result of a migration. */
export interface MigrationResult extends JobResult {
  from: string | null;
  revision: string | null;
}

/** The result of an order: what it applies to. */
export interface OrderResult extends JobResult {
  order: OrderInput["order"];
  of: "shift" | "soak" | "incident";
  color: Color;
  version: string;
  release: string;
  /** The name of the incident that is closed; null for every order but `retry`. */
  incident: string | null;
}

/** The result of a shift. */
export interface ShiftResult extends JobResult {
  from: Color | null;
  color: Color;
  release: string;
  /** The head of the journal's chain after it: the SHA-256 of its last line. A shift of 0.2.0 or older has none. */
  journalHead?: string;
}
