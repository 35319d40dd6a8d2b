import { execa } from "execa";
import { type ExportedState, isInterrupted, leftovers, withoutPending } from "../core/deploy/interrupted.ts";
import { stackPrefix } from "../core/names.ts";
import { clearStaleLocks } from "./stale-lock.ts";

/** A stack whose last update may have been interrupted. */
export interface Interrupted {
  /** The engine's program. */
  pulumi: string;
  /** The environment the engine runs in. */
  env: Readonly<NodeJS.ProcessEnv>;
  project: string;
  stack: string;
  /** DOCKER_HOST of the stack's server; empty for the default engine. */
  dockerHost: string;
  say: (line: string) => void;
}

/**
 * Clears what a killed engine left: its lock, if its process is certainly gone, and what it may have created in Docker
 * without recording it in the state. Does nothing while another update is in progress.
 */
export async function clearInterrupted({ pulumi, env, project, stack, dockerHost, say }: Interrupted): Promise<void> {
  for (const line of await clearStaleLocks(env.PULUMI_BACKEND_URL ?? "", project, stack)) say(line);
  // By the CLI, for `importStack` of the Automation API writes the state with every secret in the clear to a file in
  // /tmp. Here secrets stay encrypted, and the state goes by stdin.
  const engine = (argv: string[], input?: string) =>
    execa(pulumi, [...argv, "--stack", stack, "--non-interactive"], {
      env,
      reject: false,
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    });
  const exported = await engine(["stack", "export"]);
  if (exported.failed) return;
  const state = JSON.parse(exported.stdout) as ExportedState;
  if (!isInterrupted(state)) return;
  // The import takes the state's lock: once it succeeds, no other update is creating these resources.
  if ((await engine(["stack", "import"], exported.stdout)).failed) return;
  for (const { kind, name } of leftovers(state, stackPrefix(project, stack))) {
    const removed = await execa("docker", [kind, "rm", name], {
      env: dockerHost ? { DOCKER_HOST: dockerHost } : {},
      reject: false,
      stdin: "ignore",
    });
    if (!removed.failed) say(`Removed the ${kind} ${name}, left by an interrupted update. It will be created again.`);
  }
  await engine(["stack", "import"], JSON.stringify(withoutPending(state)));
}
