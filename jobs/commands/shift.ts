import type { Color } from "../../core/color.ts";
import { command, GuardError, StepError } from "../../core/errors.ts";
import type { HandoverInput, ShiftInput, SoakInput } from "../../core/jobs/inputs.ts";
import { describeIncident, incidentId, openIncidents } from "../../core/journal/incidents.ts";
import type { EventOf, JournalRecord } from "../../core/journal/records.ts";
import { stackOf } from "../../core/names.ts";
import { versionOf } from "../../core/release/release.ts";
import { isCompleted, isRollback, isWatched, planOf, supersededBy, unfinished } from "../../core/rollout/history.ts";
import { abortLate, actionOf, advance, resume } from "../../core/rollout/machine.ts";
import type { Ending, Rollout } from "../../core/rollout/state.ts";
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
 * Makes one color active, as a transaction: prepared, in steps, watched, committed, watched again; withdrawn or
 * reverted when there is a fault. `core/rollout` decides, `jobs/shift` acts. A job that is killed leaves a candidate
 * whose lease expires; the next job finds in the journal how far this one got.
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
  if (rollout.phase === "done" && !maintenance && isCompleted(records, input)) return completed(tools);
  if (committed !== input.color) refuseUnfit(input, records, rollback);
  await endSoak(context, `${input.version} is shifted to ${input.color}`);
  if (!left) await tools.record({ event: "begun", from: plan.from, strategy: input.strategy, rollback });
  try {
    // A deploy by `recreate` that was canceled has left this color quiesced.
    if (maintenance && committed === input.color) await resumeAndWait(tools);
    const end = await carryOut(rollout, tools);
    return await conclude(end, isWatched(input, { from: plan.from, rollback }), tools);
  } finally {
    await watch.end();
  }
}

/** Performs the rollout's actions until it has ended and no abort is left to read. */
async function carryOut(begun: Rollout, tools: RolloutTools): Promise<Done> {
  const { plan, orders, recordOrSay } = tools;
  const perform = performer(tools);
  let rollout = begun;
  for (;;) {
    if (rollout.phase === "done") {
      const event = await orders.next();
      if (!event) return rollout;
      if (event.kind === "ordered" && event.order === "abort") rollout = abortLate(rollout, plan);
    } else rollout = advance(rollout, await perform(actionOf(rollout, plan)), plan);
    // Without this record the next job would start over.
    if (rollout.phase === "withdraw" || rollout.phase === "revert") {
      const event = rollout.phase === "revert" || rollout.isRevert ? "reverting" : "withdrawing";
      await recordOrSay({ event, why: rollout.why, blame: rollout.blame });
    }
  }
}

/**
 * What the program has checked already, checked again under the lock: another update may have succeeded since. A
 * release that was active before is accepted, since a rollback must not depend on other deploys.
 * @throws GuardError
 */
function refuseUnfit(input: ShiftInput, records: readonly JournalRecord[], rollback: boolean): void {
  const { prefix, color, version, release } = input;
  const incident = openIncidents(records).find((one) => one.release === release);
  if (incident)
    throw new GuardError(
      `${color} ${version} was withdrawn or reverted ${describeIncident(incident)}`,
      `deploy a corrected version, or close the incident with \`${command("ops -- retry", stackOf(prefix))}\` and retry`,
    );
  const other = rollback ? undefined : supersededBy(records, input);
  if (other)
    throw new GuardError(
      `Another deploy has prepared ${color} for ${other.release} at ${other.at} (${other.operator}), ` +
        `so ${release} cannot become active`,
      "wait for that deploy to end, then deploy the version you want",
    );
}

/**
 * The color was quiesced for a deploy that was canceled. Its workers are started with it, since it may not be ready
 * without them. Users see it only once it is ready, since the schema may be too new for it.
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
      `${error.message.replace(/\.$/, "")}. Users still see the maintenance page`,
      `if the schema is too new for ${version}, deploy a corrected version (${deploy}), ` +
        "or restore the backup (docs/operations.md, 'Restore a backup by hand')",
    );
  }
}

/** An earlier job has completed this rollout: it is not done a second time. */
async function completed({ input, plan, context, handOver }: RolloutTools) {
  const { color, version, release } = input;
  await handOver(color);
  context.say(`shift: ${color} ${version} is already active; an earlier job completed its rollout`);
  return { from: plan.from, color, release };
}

/** Records how it ended, and says so. @throws StepError when the target is not active */
async function conclude(end: Done, watched: boolean, tools: RolloutTools) {
  const { input, plan, edge, context, record, handOver } = tools;
  const { color, version, release } = input;
  const { outcome, why, blame } = end;
  if (outcome === "committed") {
    // An earlier job may have been killed between its commit and this.
    await handOver(color);
    await endMaintenance(edge, context);
    if (watched) await startSoak(tools);
    await record({ event: "ended", outcome, why, blame });
    context.say(`shift: ${plan.from ?? "no color"} → ${color} ${version}${why ? `, but ${why}` : ""}`);
    return { from: plan.from, color, release };
  }
  const { committed, maintenance } = await edge.state();
  // By `recreate` the old color and its workers stay stopped until the deploy is canceled.
  if (plan.from && maintenance === null) await handOver(plan.from);
  const incident = blame ? incidentId(context.now(), color) : undefined;
  await record({ event: "ended", outcome, why, blame, ...(incident ? { incident } : {}) });
  throw failure(input, { outcome, why, incident, active: committed });
}

/** Why the target is not active, and what to do. @param found its incident, and the active color by the edge */
function failure(
  { prefix, color, version }: ShiftInput,
  found: Pick<Ending, "outcome" | "why"> & { incident: string | undefined; active: Color | null },
): StepError {
  const { outcome, why, incident, active } = found;
  const stack = stackOf(prefix);
  const still = outcome === "reverted" ? "active again" : "still active";
  const now = active === null ? "No color is active yet" : `${active === "blue" ? "Blue" : "Green"} is ${still}`;
  if (incident)
    return new StepError(
      `Rollout of ${color} ${version} was ${outcome}: ${why}. ${now} (incident ${incident})`,
      `deploy a corrected version, or close the incident with \`${command("ops -- retry", stack)}\` and retry`,
    );
  return new StepError(
    `Rollout of ${color} ${version} did not complete: ${why}. ${now}`,
    `the release is not marked as bad: fix the cause and retry with \`${command("pulumi -- up", stack)}\`, ` +
      `or cancel the deploy with \`${command("rollback", stack)}\``,
  );
}

/** What acts for the rollout. */
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

/** Starts the job that continues to watch the release after the update has returned. */
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
