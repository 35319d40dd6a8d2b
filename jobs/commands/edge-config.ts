import type { EdgeConfigInput } from "../../core/jobs/inputs.ts";
import type { JobContext } from "../context.ts";

/** Gives the edge its configuration: checked by HAProxy, taken over in place, or left as it was. */
export async function edgeConfig(input: EdgeConfigInput, context: JobContext) {
  context.say(`edge: configuration ${input.hash}`);
  await context.edge(input.edge).putConfig({ text: input.text, hash: input.hash });
  return { hash: input.hash };
}
