import { parseObserved } from "../core/deploy/answer.ts";
import { nothingObserved, type Observed } from "../core/deploy/observed.ts";
import type { JobInputs } from "../core/jobs/inputs.ts";
import { deployedImage, runReader } from "./jobs.ts";
import type { Target } from "./target.ts";

/**
 * The present state of the server. Changes nothing, and starts no job where nothing is deployed.
 * @throws TurnoutError when the answer is incomplete, or of a later protocol
 */
export async function observe(target: Target, input: JobInputs["observe"]): Promise<Observed> {
  const image = await deployedImage(target);
  if (!image) return nothingObserved;
  return parseObserved(await runReader(target, "observe", input, image));
}
