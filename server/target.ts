import type { DockerClient } from "./docker.ts";

/** A stack and the server it runs on. */
export interface Target {
  /** `<project>-<stack>`. */
  prefix: string;
  stack: string;
  /** DOCKER_HOST of the server; empty for the default engine. */
  dockerHost: string;
  docker: DockerClient;
}
