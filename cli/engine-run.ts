import { execa } from "execa";
import type { Overrides } from "../core/deploy/overrides.ts";
import { clearInterrupted } from "../setup/interrupted.ts";

/** The stack that the engine changes. */
export interface RunTarget {
  project: string;
  stack: string;
  /** Another file than `Pulumi.<stack>.yaml`. */
  configFile: string | undefined;
  /** DOCKER_HOST of the stack's server; empty for the default engine. */
  dockerHost: string;
}

/**
 * `pulumi up` or `pulumi destroy` with its output on this terminal, after what an interrupted update left is cleared.
 * The Automation API has no terminal to give, so this is the CLI itself.
 * @param overrides settings for this run only
 * @returns its exit code
 */
export async function runEngine(verb: "up" | "destroy", target: RunTarget, overrides: Overrides = {}): Promise<number> {
  const { project, stack, configFile, dockerHost } = target;
  await clearInterrupted({
    pulumi: "pulumi",
    env: process.env,
    ...{ project, stack, dockerHost },
    say: (line) => process.stderr.write(`${line}\n`),
  });
  // On a terminal the engine shows a tree that changes; in a pipe, lines.
  const display = process.stdout.isTTY ? [] : ["--non-interactive", "--suppress-progress"];
  const file = configFile ? ["--config-file", configFile] : [];
  const argv = [verb, "--yes", "--skip-preview", "--stack", stack, ...display, ...file];
  const env = Object.fromEntries(Object.entries(overrides).map(([name, value]) => [name, value ?? ""]));
  const child = execa("pulumi", argv, { env, reject: false, stdio: ["ignore", "inherit", "inherit"] });
  // This process stays to report which color is active. On a terminal the engine gets the signal itself; elsewhere it is
  // passed on.
  const pass = (signal: NodeJS.Signals) => process.stdout.isTTY || child.kill(signal);
  process.on("SIGINT", pass).on("SIGTERM", pass);
  try {
    return (await child).exitCode ?? 1;
  } finally {
    process.off("SIGINT", pass).off("SIGTERM", pass);
  }
}
