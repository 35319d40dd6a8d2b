import type { DatabaseAddress, EdgeAddress } from "../core/jobs/inputs.ts";
import type { DatabaseMonitor } from "./database/health.ts";
import type { EdgeClient } from "./edge/client.ts";
import type { Journal } from "./journal.ts";
import type { DockerEngine } from "./swarm/docker.ts";
import type { Clock } from "./until.ts";

/** Everything with an effect that a job may use. */
export interface JobContext extends Clock {
  journal: Journal;
  docker: DockerEngine;
  /** @param deadlineMs how long a call may take with all its tries. Default 30,000 */
  edge: (address: EdgeAddress, deadlineMs?: number) => EdgeClient;
  /** Checks the database repeatedly over one connection. */
  monitor: (address: DatabaseAddress) => DatabaseMonitor;
  /** Aborted once this job receives a signal to end; a job that never calls this is ended at once. */
  interrupted: () => AbortSignal;
  /** Tells the operator about the job's progress. */
  say: (line: string) => void;
}
