import { readFile } from "node:fs/promises";
import { parseConnectionString } from "../../core/jobs/database-address.ts";
import type { SoakInput } from "../../core/jobs/inputs.ts";
import type { JobContext } from "../context.ts";
import { createWatch } from "../shift/watch.ts";
import { startSoak } from "../soak/soak.ts";
import { soakOf } from "../soak/tools.ts";

/** Watches a release on after its update has returned; the secrets it needs are files. */
export async function soak(input: SoakInput, context: JobContext) {
  const name = await context.docker.ownService();
  if (name === undefined) throw new Error("a soak runs as a service, started by a shift");
  const address = { ...input.edge, token: await secret("edge_token") };
  const database = parseConnectionString(await secret("database_url"));
  const watch = createWatch({ ...input, edge: address, database }, context);
  try {
    const { outcome, why } = await startSoak(soakOf({ name, input, address, watch, context }));
    return { color: input.color, outcome, why };
  } finally {
    await watch.end();
  }
}

async function secret(file: string): Promise<string> {
  return (await readFile(`/run/secrets/${file}`, "utf8")).trim();
}
