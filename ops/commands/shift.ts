import type { Color } from "../../core/color.ts";
import { StepError } from "../../core/errors.ts";
import { incidentId } from "../../core/incidents.ts";
import type { HandoverInput, ShiftInput, SoakInput } from "../../core/jobs.ts";
import { versionOf } from "../../core/release.ts";
import { actionOf, advance, resume } from "../../core/rollout.ts";
import type { Rollout } from "../../core/rollout-state.ts";
import { isMade, isReturn, isWatched, planOf, unfinished } from "../../core/rollout-story.ts";
import type { JobContext } from "../context.ts";
import { replicasReady } from "../replicas.ts";
import { type Hands, performer } from "../rollout.ts";
import { endSoak } from "../soak.ts";
import { openAgain, wake } from "../standstill.ts";
import { createWatch } from "../watch.ts";

/**
 * Gives every user to one color, as a transaction: prepared, in steps, watched, committed, watched on; and back by itself
 * when anything is wrong. `core/rollout.ts` decides, `ops/rollout.ts` acts. Whoever dies here leaves a candidate whose
 * lease runs out; the next job finds in the journal how far this one got.
 */
export async function shift(input: ShiftInput, context: JobContext) {
  await endSoak(context, `${input.version} is shifted to ${input.color}`);
  const edge = context.edge(input.edge);
  const { committed, epoch, maintenance } = await edge.state();
  const records = await context.journal.read();
  const left = unfinished(records, input);
  const returning = isReturn(records, input);
  const plan = planOf(input, { from: left ? left.from : committed, returning });
  const watch = createWatch(input, context);
  const hands = handsOf(input, context, { plan, edge, watch, heard: records.length });
  const perform = performer(hands);

  let rollout = resume(plan, { committed, epoch, undoing: left?.undoing ?? null });
  if (rollout.phase === "done" && !maintenance && isMade(records, input)) return made(hands);
  if (!left) await hands.note("begun", { from: plan.from, strategy: input.strategy, returning });
  try {
    // A deploy by `recreate` that was given up has left this color stopped.
    if (maintenance && committed === input.color) await wakeAndWait(input, context);
    while (rollout.phase !== "done") {
      const event = await perform(actionOf(rollout, plan));
      rollout = advance(rollout, event, plan);
      if ("why" in rollout && rollout.phase !== "done")
        // Without the record, the next job begins anew; but a full disk must not keep a bad release among the users.
        await hands.note("undoing", { why: rollout.why, blame: rollout.blame }).catch(sayOf(context));
    }
  } finally {
    await watch.end();
  }
  return conclude(rollout, isWatched(input, { from: plan.from, returning }), hands);
}

async function wakeAndWait(input: ShiftInput, context: JobContext): Promise<void> {
  await wake(input.prefix, input.color, input.web, context);
  await replicasReady(input, context);
}

/** An earlier job has made this very change: what it did stands, and is not done a second time. */
async function made({ input, plan, context, handOver }: Hands) {
  const { color, version, release } = input;
  await handOver(color);
  context.say(`shift: ${color} ${version} serves already, by a job of before`);
  return { from: plan.from, color, release };
}

/** Writes down how it ended, and says so. @throws StepError when the old color serves */
async function conclude(end: Extract<Rollout, { phase: "done" }>, watched: boolean, hands: Hands) {
  const { input, plan, edge, context, note, handOver } = hands;
  const { color, version, release } = input;
  const { outcome, why, blame } = end;
  const serving = outcome === "committed" ? color : plan.from;
  // By `recreate` the old color stands still, and its workers with it, until the deploy is given up.
  const stopped = outcome !== "committed" && (await edge.state()).maintenance !== null;
  // An earlier job may have died between its commit, or its way back, and this.
  if (serving && !stopped) await handOver(serving);
  if (outcome === "committed") {
    await openAgain(edge, context);
    if (watched) await watchOn(hands);
    await note("ended", { outcome, why, blame });
    context.say(`shift: ${plan.from ?? "nobody"} → ${color} ${version}${why ? `, though ${why}` : ""}`);
    return { from: plan.from, color, release };
  }
  const incident = outcome === "rolled-back" ? incidentId(context.now(), color) : undefined;
  await note("ended", { outcome, why, blame, ...(incident ? { incident } : {}) });
  const serves = plan.from ? `${plan.from} serves` : "nobody serves yet";
  if (incident)
    throw new StepError(
      `${color} ${version} was taken back: ${why}; ${serves} (incident ${incident})`,
      "deploy a corrected version, or lift the incident with `npm run ops -- retry` and run it again",
    );
  throw new StepError(
    `${color} ${version} does not serve: ${why}; ${serves}`,
    "nothing is held against it: mend the cause and run `pulumi up` again, or give it up with `npm run rollback`",
  );
}

/** Says what went wrong, and goes on. */
function sayOf({ say }: JobContext): (error: unknown) => void {
  return (error) => say(`shift: ${error instanceof Error ? error.message : String(error)}`);
}

/** What the rollout needs of the world, once. */
function handsOf(
  input: ShiftInput,
  context: JobContext,
  rest: Pick<Hands, "plan" | "edge" | "watch" | "heard">,
): Hands {
  const { prefix, color, version, release, workers, workerGrace, timeout } = input;
  let handedTo: Color | undefined;
  return {
    ...{ input, context },
    ...rest,
    note: (event, detail = {}) =>
      context.journal.append({
        ...{ at: context.now().toISOString(), step: "shift", event },
        operator: process.env.TURNOUT_OPERATOR ?? "unknown",
        ...{ color, version, release },
        ...detail,
      }),
    async handOver(to) {
      if (handedTo === to) return;
      handedTo = to;
      const handover: HandoverInput = { prefix, color: to, release, workers, workerGrace, timeout };
      await context.docker.startJob(prefix, "handover", handover);
    },
  };
}

/** Lets a job watch the release on, after the update has returned. */
async function watchOn({ input, plan, edge, context }: Hands): Promise<void> {
  const { prefix, color, version, release, web, thresholds, probes, metrics, workers, workerGrace, timeout } = input;
  const { soak, hold, drain } = input.rollout;
  const { token: _token, ...address } = input.edge;
  const old = plan.from && (await edge.state()).releases[plan.from];
  if (soak === 0 || plan.from === null || !old) return;
  const told: SoakInput = {
    ...{ prefix, color, version, release, web, thresholds, probes, metrics, workers, workerGrace, timeout },
    ...{ soak, hold, drain },
    edge: address,
    from: { color: plan.from, release: old, version: versionOf(old) },
  };
  await context.docker.startSoak(told, input.soakSecrets);
}
