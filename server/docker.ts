import { execa } from "execa";
import { TurnoutError } from "../core/errors.ts";

/** The Docker engine of a stack, called through the `docker` client, which also handles `ssh://` hosts. */
export interface DockerClient {
  /**
   * Runs `docker` with these arguments.
   * @returns what it printed, or undefined when it exited with a code other than 0
   */
  query(...args: string[]): Promise<string | undefined>;
}

/**
 * @param host DOCKER_HOST of the server; empty for the default engine
 * @throws TurnoutError when the engine is unreachable
 */
export function dockerClient(host: string): DockerClient {
  const env = host ? { DOCKER_HOST: host } : {};
  return {
    async query(...args) {
      const done = await execa("docker", args, { env, reject: false, stdin: "ignore", timeout: 60_000 });
      if (done.exitCode === 0) return done.stdout;
      if (done.exitCode === undefined || /Cannot connect|error during connect/i.test(done.stderr))
        throw new TurnoutError(
          `The Docker engine${host ? ` at ${host}` : ""} is unreachable`,
          "see `npm run doctor` for what is missing",
        );
      return undefined;
    },
  };
}
