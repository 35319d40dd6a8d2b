import { nothingObserved, type Observed } from "../core/deploy/observed.ts";
import type { JobInputs } from "../core/jobs/inputs.ts";
import { deployedImage, runReader } from "./jobs.ts";
import type { Site } from "./target.ts";

/** What is on the server now. Reads only; where nothing is deployed, it is known without a job. */
export async function observe(site: Site, input: JobInputs["observe"]): Promise<Observed> {
  const image = await deployedImage(site);
  if (!image) return nothingObserved;
  return JSON.parse(await runReader(site, "observe", input, image)) as Observed;
}
