import type { Color } from "../../core/color.ts";
import { command, GuardError, StepError } from "../../core/errors.ts";
import type { HandoverInput, ShiftInput, SoakInput } from "../../core/jobs/inputs.ts";
import { describeIncident, incidentId, openIncidents } from "../../core/journal/incidents.ts";
import type { EventOf, JournalRecord } from "../../core/journal/records.ts";
import { stackOf } from "../../core/names.ts";
import { versionOf } from "../../core/release/release.ts";
import { isCompleted, isRollback, isWatched, overtakenBy, planOf, unfinished } from "../../core/rollout/history.ts";
import { abortLate, actionOf, advance, resume } from "../../core/rollout/machine.ts";
import type { Rollout } from "../../core/rollout/state.ts";
import type { JobContext } from "../context.ts";
import { mustBeReady } from "../edge/ready.ts";
import { replicasReady } from "../edge/replicas.ts";
import { recorderOf } from "../recorder.ts";
import { endMaintenance, resumeColor } from "../shift/quiesce.ts";
import { ordersOf, performer, type RolloutTools } from "../shift/rollout.ts";
import { createWatch } from "../shift/watch.ts";
import { endSoak } from "../soak/soak.ts";

type Done = Extract<Rollout, { phase: "done" }>;

/**
 * Gives every user to one color, as a transaction: prepared, in steps, watched, committed, watched on; and back by itself
 * when anything is wrong. `core/rollout.ts` decides, `ops/rollout.ts` acts. Whoever dies here leaves a candidate whose
 * lease runs out; the next job finds in the journal how far this one got.
 */
export async function shift(input: ShiftInput, context: JobContext) {
  const edge = context.edge(input.edge);
  const { committed, epoch, maintenance } = await edge.state();
  const { records } = await context.journal.read();
  const left = unfinished(records, input);
  const rollback = isRollback(records, input);
  const plan = planOf(input, { from: left ? left.from : committed, rollback });
  const orders = ordersOf(context, records.length);
  const watch = createWatch(input, context);
  const tools = toolsOf(input, context, { plan, edge, watch, orders });

  const rollout = resume(plan, { committed, epoch, reversal: left?.reversal ?? null });
  if (rollout.phase === "done" && !maintenance && isCompleted(records, input)) return made(tools);
  if (committed !== input.color) refuseUnfit(input, records, rollback);
  await endSoak(context, `${input.version} is shifted to ${input.color}`);
  if (!left) await tools.record({ event: "begun", from: plan.from, strategy: input.strategy, rollback });
  try {
    // A deploy by `recreate` that was given up has left this color stopped.
    if (maintenance && committed === input.color) await resumeAndWait(tools);
    const end = await carryOut(rollout, tools);
    return await conclude(end, isWatched(input, { from: plan.from, rollback }), tools);
  } finally {
    await watch.end();
  }
}

/** Does what the rollout asks for, until it has ended and nobody wants it otherwise. */
async function carryOut(begun: Rollout, tools: RolloutTools): Promise<Done> {
  const { plan, orders, recordOrSay } = tools;
  const perform = performer(tools);
  let rollout = begun;
  for (;;) {
    if (rollout.phase === "done") {
      const word = await orders.next();
      if (!word) return rollout;
      if (word.kind === "ordered" && word.order === "abort") rollout = abortLate(rollout, plan);
    } else rollout = advance(rollout, await perform(actionOf(rollout, plan)), plan);
    // Without this record the next job begins anew.
    if (rollout.phase === "withdraw" || rollout.phase === "revert") {
      const event = rollout.phase === "revert" || rollout.isRevert ? "reverting" : "withdrawing";
      await recordOrSay({ event, why: rollout.why, blame: rollout.blame });
    }
  }
}

/**
 * What the program has refused already, asked again by the one who is alone at work: another update may have gone
 * through since. A release that has served before is let through, since a way back must not depend on anybody.
 * @throws GuardError
 */
function refuseUnfit(input: ShiftInput, records: readonly JournalRecord[], rollback: boolean): void {
  const { prefix, color, version, release } = input;
  const incident = openIncidents(records).find((one) => one.release === release);
  if (incident)
    throw new GuardError(
      `${color} ${version} was taken back ${describeIncident(incident)}`,
      `deploy a corrected version, or say \`${command("ops -- retry", stackOf(prefix))}\` and run it again`,
    );
  const other = rollback ? undefined : overtakenBy(records, input);
  if (other)
    throw new GuardError(
      `Another deploy has prepared ${color} for ${other.release} at ${other.at} (${other.operator}), ` +
        `so ${release} gets no users`,
      "wait for that deploy to end, then deploy what is wanted",
    );
}

/**
 * The color has been stopped for a deploy that was given up. Its workers are started with it, since it may not be ready
 * without them; and visitors come back only once it is, for the schema may have gone further than it can live with.
 */
async function resumeAndWait({ input, context, handOver }: RolloutTools): Promise<void> {
  const { prefix, color, version, web, edge } = input;
  await resumeColor(prefix, color, web, context);
  await replicasReady(input, context);
  await handOver(color);
  try {
    await mustBeReady({ ...input, entrance: edge.insideUrl }, context);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    const deploy = command("deploy -- VERSION", stackOf(prefix));
    throw new StepError(
      `${error.message.replace(/\.$/, "")}; visitors still see the maintenance page`,
      `if the schema is too new for ${version}, deploy a corrected version (${deploy}), ` +
        "or restore the backup (docs/operations.md, 'Restore a backup by hand')",
    );
  }
}

/** An earlier job has made this very change: what it did stands, and is not done a second time. */
async function made({ input, plan, context, handOver }: RolloutTools) {
  const { color, version, release } = input;
  await handOver(color);
  context.say(`shift: ${color} ${version} serves already, by a job of before`);
  return { from: plan.from, color, release };
}

/** Writes down how it ended, and says so. @throws StepError when the old color serves */
async function conclude(end: Done, watched: boolean, tools: RolloutTools) {
  const { input, plan, edge, context, record, handOver } = tools;
  const { color, version, release } = input;
  const { outcome, why, blame } = end;
  const stack = stackOf(input.prefix);
  const serving = outcome === "committed" ? color : plan.from;
  // By `recreate` the old color stands still, and its workers with it, until the deploy is given up.
  const stopped = outcome !== "committed" && (await edge.state()).maintenance !== null;
  // An earlier job may have died between its commit, or its way back, and this.
  if (serving && !stopped) await handOver(serving);
  if (outcome === "committed") {
    await endMaintenance(edge, context);
    if (watched) await startSoak(tools);
    await record({ event: "ended", outcome, why, blame });
    context.say(`shift: ${plan.from ?? "nobody"} → ${color} ${version}${why ? `, though ${why}` : ""}`);
    return { from: plan.from, color, release };
  }
  const incident = blame ? incidentId(context.now(), color) : undefined;
  await record({ event: "ended", outcome, why, blame, ...(incident ? { incident } : {}) });
  const serves = plan.from ? `${plan.from} serves` : "nobody serves yet";
  if (incident)
    throw new StepError(
      `${color} ${version} was taken back: ${why}; ${serves} (incident ${incident})`,
      `deploy a corrected version, or lift the incident with \`${command("ops -- retry", stack)}\` and run it again`,
    );
  throw new StepError(
    `${color} ${version} does not serve: ${why}; ${serves}`,
    `nothing is held against it: mend the cause and run \`${command("pulumi -- up", stack)}\` again, ` +
      `or give it up: ${command("rollback", stack)}`,
  );
}

/** What the rollout needs of the world, once. */
function toolsOf(
  input: ShiftInput,
  context: JobContext,
  rest: Pick<RolloutTools, "plan" | "edge" | "watch" | "orders">,
): RolloutTools {
  const { prefix, color, version, release, workers, workerGrace, timeout } = input;
  let handedTo: Color | undefined;
  return {
    ...{ input, context },
    ...recorderOf<EventOf<"shift">>(context, (event) => ({ step: "shift", color, version, release, ...event })),
    ...rest,
    async handOver(to) {
      if (handedTo === to) return;
      handedTo = to;
      const handover: HandoverInput = { prefix, color: to, release, workers, workerGrace, timeout };
      await context.docker.startJob(prefix, "handover", handover);
    },
  };
}

/** Lets a job watch the release on, after the update has returned. */
async function startSoak({ input, plan, edge, orders, context }: RolloutTools): Promise<void> {
  const { prefix, color, version, release, web, thresholds, probes, metrics, workers, workerGrace, timeout } = input;
  const { soak, hold, drain } = input.rollout;
  const { token: _token, ...address } = input.edge;
  const old = plan.from && (await edge.state()).releases[plan.from];
  if (soak === 0 || plan.from === null || !old) return;
  const soakInput: SoakInput = {
    ...{ prefix, color, version, release, web, thresholds, probes, metrics, workers, workerGrace, timeout },
    ...{ soak, hold, drain, ordersRead: orders.ordersRead() },
    edge: address,
    from: { color: plan.from, release: old, version: versionOf(old) },
  };
  await context.docker.startSoak(soakInput, input.soakSecrets);
}
