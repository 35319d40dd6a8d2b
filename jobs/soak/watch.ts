import { nextOrder } from "../../core/rollout/history.ts";
import { isOurs, type SoakSoFar, soakSoFar } from "../../core/rollout/soak.ts";
import type { RolloutEvent } from "../../core/rollout/state.ts";
import type { Look } from "../shift/watch.ts";
import type { Soak } from "./tools.ts";

/** Milliseconds between two looks. */
const lookEvery = 2_000;

/** Milliseconds between two records of what is seen. A job that is started again watches no more than this twice. */
const noteEvery = 60_000;

/** `unsure`: nothing to act on yet. `superseded`: somebody else has changed who serves, or is about to. */
export type Seen = RolloutEvent | "unsure" | "superseded";

/**
 * Looks at a soak's release, one look a call. Time is counted by the clock nobody can set; what passes while nobody
 * watches, or cannot see, does not count. One look in breach is looked at again before it counts.
 */
export function lookerOf(soak: Soak, { watched }: SoakSoFar): () => Promise<Seen> {
  const { name, input, edge, context } = soak;
  const story = { elapsed: watched, heldFor: 0, inBreach: false, heard: input.heard };
  let last = context.monotonic();
  let noted = Number.NEGATIVE_INFINITY;

  /** What others have said by the journal or the edge. */
  const told = async (): Promise<Seen | undefined> => {
    const records = await context.journal.read();
    const found = soakSoFar(records, name);
    if (found === null || found.ended) return "superseded";
    const order = nextOrder(records, story.heard);
    if (order) {
      story.heard = order.next;
      return { kind: "ordered", order: order.order };
    }
    const state = await edge.state().catch(() => undefined);
    return state === undefined || isOurs(state, input, found) ? undefined : "superseded";
  };

  const count = (look: Pick<Look, "verdict">) => {
    const now = context.monotonic();
    const passed = (now - last) / 1_000;
    last = now;
    const shared = look.verdict.kind === "shared";
    story.heldFor = shared ? story.heldFor + passed : 0;
    if (!shared) story.elapsed += passed;
  };

  const write = async ({ verdict, text }: Pick<Look, "verdict" | "text">) => {
    if (verdict.kind !== "breach" && context.monotonic() - noted < noteEvery) return;
    noted = context.monotonic();
    const left = Math.max(0, input.soak - story.elapsed);
    const until = new Date(context.now().getTime() + left * 1_000).toISOString();
    await soak.noteOrSay("watched", { elapsed: Math.round(story.elapsed), until, ...verdict, figures: text });
    const notes = [...verdict.reasons, ...verdict.warnings];
    context.say(`soak: ${verdict.kind}, ${Math.ceil(left)} s left · ${[text, ...notes].join(" · ")}`);
  };

  return async () => {
    const look = await soak.watch.look().catch(blind);
    const word = await told();
    if (word) return word;
    count(look);
    await write(look);
    const { elapsed, heldFor } = story;
    const isBreach = look.verdict.kind === "breach";
    const isNew = isBreach && !story.inBreach;
    story.inBreach = isBreach;
    const isLast = isBreach ? !isNew : look.verdict.kind !== "shared" && elapsed >= input.soak;
    if (!isLast) await context.sleep(lookEvery);
    return isNew ? "unsure" : { kind: "watched", verdict: look.verdict, elapsed, heldFor };
  };
}

/** Who cannot see blames nobody: it is waited for as trouble of both colors is. */
function blind(error: unknown): Pick<Look, "verdict" | "text"> {
  const why = (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
  return { verdict: { kind: "shared", reasons: [why], warnings: [] }, text: "nothing to be seen" };
}
