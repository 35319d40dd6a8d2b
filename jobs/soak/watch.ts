import { nextOrder } from "../../core/rollout/history.ts";
import { isOurs, type SoakHistory, soakHistory } from "../../core/rollout/soak.ts";
import type { RolloutEvent } from "../../core/rollout/state.ts";
import type { Assessment } from "../shift/watch.ts";
import type { Soak } from "./tools.ts";

/** Milliseconds between two samples. */
const sampleEvery = 2_000;

/** Milliseconds between two records. A restarted job repeats no more than this. */
const recordEvery = 60_000;

/** `unsure`: nothing to act on yet. `superseded`: another operation has changed the active color, or is about to. */
export type Seen = RolloutEvent | "unsure" | "superseded";

/**
 * Samples a soak's release, once a call. Time is measured by the monotonic clock; time without a sample does not count. A
 * breach counts when the next sample confirms it.
 */
export function samplerOf(soak: Soak, { watched }: SoakHistory): () => Promise<Seen> {
  const { name, input, edge, context } = soak;
  const progress = { elapsed: watched, heldFor: 0, inBreach: false, ordersRead: input.ordersRead };
  let last = context.monotonic();
  let recordedAt = Number.NEGATIVE_INFINITY;

  /** Orders and other operations, by the journal and the edge. */
  const changes = async (): Promise<Seen | undefined> => {
    const { records } = await context.journal.read();
    const found = soakHistory(records, name);
    if (found === null || found.ended) return "superseded";
    const order = nextOrder(records, progress.ordersRead);
    if (order) {
      progress.ordersRead = order.next;
      return { kind: "ordered", order: order.order };
    }
    const state = await edge.state().catch(() => undefined);
    return state === undefined || isOurs(state, input, found) ? undefined : "superseded";
  };

  const count = (sample: Pick<Assessment, "verdict">) => {
    const now = context.monotonic();
    const passed = (now - last) / 1_000;
    last = now;
    const shared = sample.verdict.kind === "shared";
    progress.heldFor = shared ? progress.heldFor + passed : 0;
    if (!shared) progress.elapsed += passed;
  };

  const write = async ({ verdict, text }: Pick<Assessment, "verdict" | "text">) => {
    if (verdict.kind !== "breach" && context.monotonic() - recordedAt < recordEvery) return;
    recordedAt = context.monotonic();
    const left = Math.max(0, input.soak - progress.elapsed);
    const until = new Date(context.now().getTime() + left * 1_000).toISOString();
    const elapsed = Math.round(progress.elapsed);
    await soak.recordOrSay({ event: "watched", elapsed, until, ...verdict, figures: text });
    const remarks = [...verdict.reasons, ...verdict.warnings];
    context.say(`soak: ${verdict.kind}, ${Math.ceil(left)} s left · ${[text, ...remarks].join(" · ")}`);
  };

  return async () => {
    const sample = await soak.watch.assess().catch(blind);
    const change = await changes();
    if (change) return change;
    count(sample);
    await write(sample);
    const { elapsed, heldFor } = progress;
    const isBreach = sample.verdict.kind === "breach";
    const isNew = isBreach && !progress.inBreach;
    progress.inBreach = isBreach;
    const isLast = isBreach ? !isNew : sample.verdict.kind !== "shared" && elapsed >= input.soak;
    if (!isLast) await context.sleep(sampleEvery);
    return isNew ? "unsure" : { kind: "watched", verdict: sample.verdict, elapsed, heldFor };
  };
}

/** Without figures the release is not blamed: it waits, as for a fault of both colors. */
function blind(error: unknown): Pick<Assessment, "verdict" | "text"> {
  const why = (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
  return { verdict: { kind: "shared", reasons: [why], warnings: [] }, text: "no figures" };
}
