import { otherColor } from "../../core/color.ts";
import type { HandoverInput } from "../../core/jobs/inputs.ts";
import type { JobContext } from "../context.ts";
import { start, stopServices } from "./workers.ts";

/** Work is done by one color at a time: the old workers finish theirs and end before the new ones start. */
export async function handover(input: HandoverInput, context: JobContext) {
  const { prefix, color, workers, workerGrace, timeout } = input;
  const old = otherColor(color);
  await stopServices(prefix, old, workers[old], workerGrace + 30, context);
  await start(prefix, color, workers[color], timeout, context);
  return { color };
}
