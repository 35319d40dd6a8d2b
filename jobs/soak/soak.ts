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

/** Seconds to wait for whoever else changes the system when it is to go back. */
const lockPatience = 600;

/** How a soak ended. `superseded`: somebody else has changed who serves, or is about to. */
export interface SoakEnd {
  outcome: RecordOf<"soak", "ended">["outcome"];
  why: string | null;
}

type Done = Extract<Rollout, { phase: "done" }>;

/** The edge says that it went back, the journal, which could not be written, not why. */
const unrecorded: Reversal = { why: "it was taken back while the journal could not be written", blame: true };

/**
 * Watches a committed release on, and takes it back when it is at fault. It decides by `core/rollout.ts`, as a shift
 * does in its bake. Every turn is in the journal before it is done, so the job may be killed and started again anywhere.
 */
export async function startSoak(soak: Soak): Promise<SoakEnd> {
  const { input, edge } = soak;
  const history = await beginOrGoOn(soak);
  const state = await edge.state();
  if (history.ended || !isOurs(state, input, history)) return leave(soak);
  const plan: RolloutPlan = {
    ...{ target: input.color, from: input.from.color, epoch: history.epoch },
    ...{ steps: [], bake: input.soak, holdFor: input.hold },
    // Nothing wrong was seen, and the update has long returned.
    onInconclusive: "promote",
  };
  // Its own commit of the way back does not make it another's: going back is finished.
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
 * Ends the soak that is under way, if there is one: who serves is about to be changed, or the color it could go back to.
 * It sees that with its next look, at the latest before it would go back itself, for which it needs the journal's lock.
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

async function beginOrGoOn(soak: Soak): Promise<SoakHistory> {
  const { name, input, edge, context } = soak;
  const begun = soakHistory((await context.journal.read()).records, name);
  if (begun) return begun;
  const { epoch } = await edge.state();
  const until = new Date(context.now().getTime() + input.soak * 1_000).toISOString();
  await soak.record({ event: "begun", from: input.from.color, until, epoch });
  context.say(`soak: watching ${input.color} ${input.version} for ${input.soak} s`);
  return { epoch, revertEpoch: revertEpochOf(name), watched: 0, reversal: null, ended: false };
}

/** Gives everybody back to the color before, alone at work: whoever comes first, this or the next deploy, ends the other. */
async function revertTo(
  soak: Soak,
  found: SoakHistory,
  rollout: Extract<Rollout, { phase: "revert" }>,
  plan: RolloutPlan,
): Promise<SoakEnd> {
  const { name, input, edge, context } = soak;
  const { why, blame } = rollout;
  context.say(`soak: ${input.color} ${input.version} is taken back: ${why}`);
  const unlock = await context.journal.lock(lockPatience);
  try {
    const history = soakHistory((await context.journal.read()).records, name) ?? found;
    if (history.ended || !isOurs(await edge.state(), input, history)) return await leave(soak);
    // A full disk must not keep a bad release among the users.
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
  const serves = outcome === "committed" ? input.color : input.from.color;
  context.say(`soak: ${outcome}, ${serves} serves${why ? `: ${why}` : ""}`);
  return { outcome, why };
}

/** Nothing is left to watch. Whoever made it so may have written it down already. */
async function leave(soak: Soak): Promise<SoakEnd> {
  const { name, context } = soak;
  const why = "who serves was changed by somebody else";
  if (!soakHistory((await context.journal.read()).records, name)?.ended)
    await soak.record({ event: "ended", outcome: "superseded", why, blame: false });
  context.say("soak: ended, for who serves was changed or is about to be");
  return { outcome: "superseded", why };
}
