import { otherColor } from "../../core/color.ts";
import { StepError } from "../../core/errors.ts";
import type { ShiftInput } from "../../core/jobs.ts";
import type { JobContext } from "../context.ts";
import { replicasReady } from "../replicas.ts";
import { rest, start } from "./workers.ts";

/**
 * Gives every user to one color: all its replicas ready, one atomic commit, and the edge itself asked who serves
 * now. Workers follow: the old ones finish and end before the new ones start.
 */
export async function shift(input: ShiftInput, context: JobContext) {
  const edge = context.edge(input.edge);
  const before = await edge.state();
  await edge.announce(input.color, input.release);
  await replicasReady(input, context);

  const committed = await edge.commit({
    color: input.color,
    epoch: input.epoch,
    expectedCommitted: before.committed,
  });
  const live = committed.live?.committed ?? null;
  if (live !== input.color)
    throw new StepError(
      `The edge was told to serve ${input.color} but serves ${live ?? "nobody"}`,
      "run `npm run ops -- status`, then `pulumi up` again",
    );
  context.say(`shift: ${before.committed ?? "nobody"} → ${input.color} ${input.version}`);

  const old = otherColor(input.color);
  await rest(input.prefix, old, input.workers[old], input.timeout, context);
  await start(input.prefix, input.color, input.workers[input.color], input.timeout, context);
  return { from: before.committed, color: input.color, release: input.release };
}
