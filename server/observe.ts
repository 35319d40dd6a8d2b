import { parseObserved } from "../core/deploy/answer.ts";
import { nothingObserved, type Observed } from "../core/deploy/observed.ts";
import type { JobInputs } from "../core/jobs/inputs.ts";
import { deployedImage, runReader } from "./jobs.ts";
import type { Target } from "./target.ts";

/** The state of the server. Reads only; where nothing is deployed, no job is started. */
export async function observe(target: Target, input: JobInputs["observe"]): Promise<Observed> {
  const image = await deployedImage(target);
  if (!image) return nothingObserved;
  return parseObserved(await runReader(target, "observe", input, image));
}
