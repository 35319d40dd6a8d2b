import { nothingObserved, type Observed } from "../core/deploy/observed.ts";
import type { JobInputs } from "../core/jobs/inputs.ts";
import { deployedImage, runReader } from "./jobs.ts";
import type { Target } from "./target.ts";

/** What is on the server now. Reads only; where nothing is deployed, it is known without a job. */
export async function observe(target: Target, input: JobInputs["observe"]): Promise<Observed> {
  const image = await deployedImage(target);
  if (!image) return nothingObserved;
  const answer = JSON.parse(await runReader(target, "observe", input, image)) as Partial<Observed>;
  // An older ops image leaves out what it does not know. JSON has no undefined: without `live` the edge did not answer.
  return { ...nothingObserved, live: undefined, ...answer };
}
