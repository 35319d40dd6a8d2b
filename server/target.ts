import type { DockerClient } from "./docker.ts";

/** Where a stack lives. */
export interface Target {
  prefix: string;
  stack: string;
  dockerHost: string;
  docker: DockerClient;
}
