import { execa } from "execa";
import { type ExportedState, isInterrupted, leftovers, withoutPending } from "../core/deploy/interrupted.ts";
import { stackPrefix } from "../core/names.ts";
import { clearStaleLocks } from "./stale-lock.ts";

/** A stack whose last update may have been killed. */
export interface Interrupted {
  /** The engine's program. */
  pulumi: string;
  /** The environment the engine runs in. */
  env: Record<string, string>;
  project: string;
  stack: string;
  /** DOCKER_HOST of the stack's server; empty for the default engine. */
  dockerHost: string;
  say: (line: string) => void;
}

/**
 * Clears up after an engine that was killed: its lock, when its process is gone for certain, and what it may have made
 * in Docker without writing it down. Does nothing while another update is under way, or when there is nothing to do.
 */
export async function clearInterrupted({ pulumi, env, project, stack, dockerHost, say }: Interrupted): Promise<void> {
  for (const line of await clearStaleLocks(env.PULUMI_BACKEND_URL ?? "", project, stack)) say(line);
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
  // Only who gets the state's lock may be sure that nobody is making these things just now.
  if ((await engine(["stack", "import"], exported.stdout)).failed) return;
  for (const { kind, name } of leftovers(state, stackPrefix(project, stack))) {
    const removed = await execa("docker", [kind, "rm", name], {
      env: dockerHost ? { DOCKER_HOST: dockerHost } : {},
      reject: false,
      stdin: "ignore",
    });
    if (!removed.failed) say(`The ${kind} ${name} of an update that was killed is made anew.`);
  }
  await engine(["stack", "import"], JSON.stringify(withoutPending(state)));
}
