import { readFile } from "node:fs/promises";
import { command, GuardError } from "../../core/errors.ts";
import type { PreflightInput } from "../../core/jobs/inputs.ts";
import { listeningPorts } from "../../core/jobs/listening.ts";
import { names, stackOf } from "../../core/names.ts";
import type { JobContext } from "../context.ts";

/**
 * Are the edge's ports free on the server? Ports that the edge of this stack uses count as free.
 * @throws GuardError naming the setting
 */
export async function preflight(input: PreflightInput, context: JobContext) {
  const taken = listeningPorts(await tables());
  const own = await context.docker.publishedPorts(names(input.prefix).edge);
  for (const [key, port] of Object.entries(input.ports)) {
    if (own.includes(port) || !taken.has(port)) continue;
    throw new GuardError(
      `Port ${port} (ports.${key}) is already in use on the server`,
      `stop the process that listens on it (ss -ltnp 'sport = :${port}' names it), or choose another port: ` +
        command(`pulumi -- config set --path ports.${key} PORT`, stackOf(input.prefix)),
    );
  }
  return { ports: input.ports };
}

/** The kernel's lists of this host's sockets; the job is in the host's network. Without IPv6 there is only the first. */
async function tables(): Promise<string> {
  const [four, six] = await Promise.all([
    readFile("/proc/net/tcp", "utf8"),
    readFile("/proc/net/tcp6", "utf8").catch(() => ""),
  ]);
  return `${four}\n${six}`;
}
