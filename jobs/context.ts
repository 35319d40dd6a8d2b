import type { DatabaseAddress, EdgeAddress } from "../core/jobs/inputs.ts";
import type { DatabaseMonitor } from "./database/health.ts";
import type { EdgeClient } from "./edge/client.ts";
import type { Journal } from "./journal.ts";
import type { DockerEngine } from "./swarm/docker.ts";
import type { Clock } from "./until.ts";

/** What a job may use of the world. Everything with an effect comes through here. */
export interface JobContext extends Clock {
  journal: Journal;
  docker: DockerEngine;
  /** @param deadlineMs how long a call may take with all its tries. Default 30,000 */
  edge: (address: EdgeAddress, deadlineMs?: number) => EdgeClient;
  /** How the database is, asked again and again over one connection. */
  monitor: (address: DatabaseAddress) => DatabaseMonitor;
  /** Aborted once this job is told to end; who never asks is ended at once. */
  interrupted: () => AbortSignal;
  /** Tells the operator what the job is at. */
  say: (line: string) => void;
}
