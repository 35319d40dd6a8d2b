import type { SweepInput } from "../../core/jobs/inputs.ts";
import type { JobContext } from "../context.ts";
import { endSoak } from "../soak/soak.ts";

/**
 * Removes unattended jobs that use what is about to be removed: volumes, networks, secrets.
 */
export async function sweep({ prefix, jobs }: SweepInput, context: JobContext) {
  await endSoak(context, "what it needs is removed or replaced");
  if (jobs === "soak") await context.docker.endSoak(prefix);
  else await context.docker.removeJobs(context, prefix);
  return { jobs };
}
