import { createServer } from "node:net";
import { GuardError } from "../../core/errors.ts";
import type { PreflightInput } from "../../core/jobs.ts";
import { names } from "../../core/names.ts";
import type { JobContext } from "../context.ts";

/**
 * Are the edge's ports free on the server? Ports the edge of this stack holds itself are.
 * @throws GuardError naming the setting
 */
export async function preflight(input: PreflightInput, context: JobContext) {
  const own = await context.docker.publishedPorts(names(input.prefix).edge);
  for (const [key, port] of Object.entries(input.ports)) {
    if (own.includes(port)) continue;
    const error = await tryToListen(port);
    if (error)
      throw new GuardError(
        `Port ${port} (ports.${key}) is taken on the server (${error})`,
        `stop what listens there (ss -ltnp 'sport = :${port}' names it), or choose another: ` +
          `npm run pulumi -- config set --path ports.${key} PORT`,
      );
  }
  return { ports: input.ports };
}

function tryToListen(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host: "::", exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
