import type { Color } from "../../core/color.ts";
import { incidentId } from "../../core/journal/incidents.ts";
import type { RecordOf } from "../../core/journal/records.ts";
import { advance, resume } from "../../core/rollout/machine.ts";
import type { RolloutPlan } from "../../core/rollout/plan.ts";
import { isOurs, openSoak, revertEpochOf, type SoakHistory, soakHistory } from "../../core/rollout/soak.ts";
import type { Reversal, Rollout } from "../../core/rollout/state.ts";
import type { JobContext } from "../context.ts";
import { revert } from "./revert.ts";
import type { Soak } from "./tools.ts";
import { samplerOf } from "./watch.ts";

/** Seconds to wait for the lock before a revert. */
const lockPatience = 600;

/** How a soak ended. `superseded`: another operation has changed the active color, or is about to. */
export interface SoakEnd {
  outcome: RecordOf<"soak", "ended">["outcome"];
  why: string | null;
}

type Done = Extract<Rollout, { phase: "done" }>;

/** The edge shows that it has reverted; the journal, which could not be written, does not say why. */
const unrecorded: Reversal = { why: "it was reverted while the journal could not be written", blame: true };

/**
 * Continues to watch a committed release, and reverts it when it is at fault. It decides by `core/rollout`, as a shift does
 * in its bake. Each decision is recorded before it is carried out, so the job may be killed and restarted anywhere.
 */
export async function startSoak(soak: Soak): Promise<SoakEnd> {
  const { input, edge } = soak;
  const history = await beginOrContinue(soak);
  const state = await edge.state();
  if (history.ended || !isOurs(state, input, history)) return leave(soak);
  const plan: RolloutPlan = {
    ...{ target: input.color, from: input.from.color, epoch: history.epoch },
    ...{ steps: [], bake: input.soak, holdFor: input.hold },
    // No fault was found, and the update has long returned.
    onInconclusive: "promote",
  };
  // The revert that was committed is its own: it is finished.
  const reversal = history.reversal ?? (state.committed === input.from.color ? unrecorded : null);
  let rollout = resume(plan, { committed: plan.target, epoch: plan.epoch, reversal });
  const sample = samplerOf(soak, history);
  while (rollout.phase === "bake") {
    const event = await sample();
    if (event === "superseded") return leave(soak);
    if (event !== "unsure") rollout = advance(rollout, event, plan);
  }
  if (rollout.phase === "revert") return revertTo(soak, history, rollout, plan);
  return conclude(soak, rollout as Done);
}

/**
 * Ends the soak that is under way, if there is one: the active color, or the color it could revert to, is about to change.
 * It reads that with its next sample, at the latest before a revert of its own, for which it needs the journal's lock.
 * @param why what happens, such as `1.2.0 is deployed to blue`
 * @param watching only if it watches this color. Default: either
 */
export async function endSoak({ journal }: JobContext, why: string, watching?: Color): Promise<void> {
  const begun = openSoak((await journal.read()).records);
  if (begun === null || (watching !== undefined && begun.color !== watching)) return;
  const { color, version, release, soak } = begun;
  await journal.append({
    ...{ step: "soak", event: "ended" },
    ...{ color, version, release, soak },
    ...{ outcome: "superseded", why, blame: false },
  });
}

async function beginOrContinue(soak: Soak): Promise<SoakHistory> {
  const { name, input, edge, context } = soak;
  const begun = soakHistory((await context.journal.read()).records, name);
  if (begun) return begun;
  const { epoch } = await edge.state();
  const until = new Date(context.now().getTime() + input.soak * 1_000).toISOString();
  await soak.record({ event: "begun", from: input.from.color, until, epoch });
  context.say(`soak: watching ${input.color} ${input.version} for ${input.soak} s`);
  return { epoch, revertEpoch: revertEpochOf(name), watched: 0, reversal: null, ended: false };
}

/** Reverts to the color before, under the lock: whichever is first, this or the next deploy, ends the other. */
async function revertTo(
  soak: Soak,
  found: SoakHistory,
  rollout: Extract<Rollout, { phase: "revert" }>,
  plan: RolloutPlan,
): Promise<SoakEnd> {
  const { name, input, edge, context } = soak;
  const { why, blame } = rollout;
  context.say(`soak: reverting ${input.color} ${input.version}: ${why}`);
  const unlock = await context.journal.lock(lockPatience);
  try {
    const history = soakHistory((await context.journal.read()).records, name) ?? found;
    if (history.ended || !isOurs(await edge.state(), input, history)) return await leave(soak);
    // A full disk must not keep a bad release active.
    if (history.reversal === null) await soak.recordOrSay({ event: "reverting", why, blame });
    return await conclude(soak, advance(rollout, await revert(soak, history.revertEpoch), plan) as Done);
  } finally {
    await unlock();
  }
}

async function conclude(soak: Soak, end: Done): Promise<SoakEnd> {
  const { input, context } = soak;
  const { why, blame } = end;
  // It watches what is committed, so it has nothing to withdraw.
  const outcome = end.outcome === "committed" ? "committed" : "reverted";
  const incident = blame && outcome !== "committed" ? { incident: incidentId(context.now(), input.color) } : {};
  await soak.record({ event: "ended", outcome, why, blame, ...incident });
  const active = outcome === "committed" ? input.color : input.from.color;
  context.say(`soak: ${outcome}, ${active} is active${why ? `: ${why}` : ""}`);
  return { outcome, why };
}

/** Nothing is left to watch. The operation that superseded it may have recorded its end already. */
async function leave(soak: Soak): Promise<SoakEnd> {
  const { name, context } = soak;
  const why = "another operation has changed the active color";
  if (!soakHistory((await context.journal.read()).records, name)?.ended)
    await soak.record({ event: "ended", outcome: "superseded", why, blame: false });
  context.say("soak: ended; another operation changes the active color");
  return { outcome: "superseded", why };
}
