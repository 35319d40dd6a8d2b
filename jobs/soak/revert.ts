import type { HandoverInput } from "../../core/jobs/inputs.ts";
import type { RolloutEvent } from "../../core/rollout/state.ts";
import { EdgeNotLive, EdgeUnreachable } from "../edge/client.ts";
import { replicasReady, wantedNow } from "../edge/replicas.ts";
import type { Soak } from "./tools.ts";

/** Seconds within which the color to revert to must be ready. */
const warmWithin = 10;

/**
 * Reverts: all requests go to the old color, and its workers are started, unless that color has another release than
 * when the soak began, or is not warm. May be done again with the same epoch.
 * @throws EdgeUnreachable when it is unknown whether it happened
 */
export async function revert(soak: Soak, epoch: string): Promise<RolloutEvent> {
  const { input, edge, context } = soak;
  const { from, prefix, workers, workerGrace, timeout } = input;
  try {
    const state = await edge.state();
    if (state.epoch !== epoch) {
      const running = state.releases[from.color];
      if (running !== from.release)
        return { kind: "uncommitted", why: `${from.color} now has ${running} instead of ${from.release}` };
      await warm(soak);
      const drainMs = input.drain * 1_000;
      await edge
        .commit({ color: from.color, epoch, expectedCommitted: input.color, skewMs: 0, drainMs })
        .catch(unlessWritten);
    }
  } catch (error) {
    if (error instanceof EdgeUnreachable) throw error;
    return { kind: "uncommitted", why: (error as Error).message.replace(/\.$/, "") };
  }
  const handover: HandoverInput = {
    ...{ prefix, color: from.color, release: from.release, workers, workerGrace, timeout },
  };
  await context.docker.startJob(prefix, "handover", handover);
  return { kind: "reverted" };
}

/** Waits until every replica of the color before is ready. @throws StepError */
async function warm({ input, address, context }: Soak): Promise<void> {
  const { from, prefix, timeout } = input;
  const web = await wantedNow({ prefix, color: from.color, web: input.web }, context);
  const old = { color: from.color, version: from.version ?? "", web };
  return replicasReady({ ...old, edge: address, timeout: Math.min(warmWithin, timeout) }, context);
}

/** It is on the disk, and HAProxy will begin with it. */
function unlessWritten(error: unknown): void {
  if (!(error instanceof EdgeNotLive)) throw error;
}
