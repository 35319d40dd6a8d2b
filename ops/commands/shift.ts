import { StepError } from "../../core/errors.ts";
import type { ShiftInput } from "../../core/jobs.ts";
import type { JobContext } from "../context.ts";
import { replicasReady } from "../replicas.ts";

/**
 * Gives every user to one color: all its replicas ready, one atomic commit, and the edge itself asked who serves
 * now. The workers follow in a job of their own, which may take as long as their work does.
 */
export async function shift(input: ShiftInput, context: JobContext) {
  const edge = context.edge(input.edge);
  const before = await edge.state();
  if (before.releases[input.color] !== input.release) await edge.announce(input.color, input.release);
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

  const { prefix, color, release, workers, timeout } = input;
  await context.docker.startJob(prefix, "handover", { prefix, color, release, workers, timeout });
  return { from: before.committed, color: input.color, release: input.release };
}
