import type { SweepInput } from "../../core/jobs/inputs.ts";
import type { JobContext } from "../context.ts";
import { endSoak } from "../soak/soak.ts";

/**
 * Removes jobs that nobody waits for and that hold what is about to be removed: volumes, networks, secrets. Work that is
 * cut off by it has lost its ground anyway.
 */
export async function sweep({ prefix, jobs }: SweepInput, context: JobContext) {
  await endSoak(context, "what it needs is removed or replaced");
  if (jobs === "soak") await context.docker.endSoak(prefix);
  else await context.docker.removeJobs(context, prefix);
  return { jobs };
}
