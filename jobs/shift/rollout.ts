import type { ShiftInput } from "../../core/jobs/inputs.ts";
import type { EventOf } from "../../core/journal/records.ts";
import { nextOrder } from "../../core/rollout/history.ts";
import type { RolloutPlan } from "../../core/rollout/plan.ts";
import type { Action, RolloutEvent } from "../../core/rollout/state.ts";
import type { Verdict } from "../../core/verdict/verdict.ts";
import type { JobContext } from "../context.ts";
import { type EdgeClient, EdgeNotLive, EdgeRefused, EdgeUnreachable } from "../edge/client.ts";
import { mustBeReady } from "../edge/ready.ts";
import { replicasReady, wantedNow } from "../edge/replicas.ts";
import type { Recorder } from "../recorder.ts";
import { endMaintenance, isQuiesced, resumeColor } from "./quiesce.ts";
import type { Assessment, Watch } from "./watch.ts";

/** How long a candidate keeps its share without a renewed lease, in milliseconds. Every sample renews it. */
export const leaseMs = 10_000;

/** Milliseconds between two samples. */
const sampleEvery = 1_000;

/** Milliseconds between two lines for the operator. */
const sayEvery = 5_000;

/** What acts for a rollout. */
export interface RolloutTools extends Recorder<EventOf<"shift">> {
  input: ShiftInput;
  plan: RolloutPlan;
  edge: EdgeClient;
  watch: Watch;
  context: JobContext;
  orders: Orders;
  /** Starts the job that moves the workers to a color. */
  handOver: (color: ShiftInput["color"]) => Promise<void>;
}

/** The orders to this rollout, each once. */
export interface Orders {
  next(): Promise<RolloutEvent | undefined>;
  /** How many records of the journal were read. */
  ordersRead(): number;
}

/** @param from the number of records in the journal when orders began to count */
export function ordersOf({ journal, say }: JobContext, from: number): Orders {
  let ordersRead = from;
  return {
    async next() {
      const found = nextOrder((await journal.read()).records, ordersRead);
      if (!found) return undefined;
      ordersRead = found.next;
      say(`shift: ${found.order}, by ${found.by}`);
      return { kind: "ordered", order: found.order };
    },
    ordersRead: () => ordersRead,
  };
}

/** Performs the actions of a rollout: each call does one thing and returns what happened. */
export function performer(tools: RolloutTools): (action: Action) => Promise<RolloutEvent> {
  const { edge, context } = tools;
  const interrupted = context.interrupted();
  const stage = stageOf(tools, interrupted);
  return async (action) => {
    switch (action.kind) {
      case "prepare":
        return prepare(tools, interrupted);
      case "commit":
        return commit(tools, interrupted);
      case "withdraw":
        await edge.clearCandidate();
        return { kind: "withdrawn" };
      case "revert":
        return revert(tools, action.to);
      case "step":
      case "bake":
        return stage(action);
      case "finish":
        throw new Error(`the rollout of ${tools.plan.target} has already ended`);
    }
  };
}

/** An order or a signal to this job; undefined when there is none. */
async function interruption({ orders }: RolloutTools, interrupted: AbortSignal): Promise<RolloutEvent | undefined> {
  if (interrupted.aborted) return { kind: "interrupted", why: "the job was interrupted" };
  return orders.next();
}

/** Clears the candidate of an earlier job and checks that the target can serve. An order or a signal ends the wait. */
async function prepare(tools: RolloutTools, interrupted: AbortSignal): Promise<RolloutEvent> {
  const { input, edge, context } = tools;
  const state = await edge.state();
  if (state.candidate !== null) await edge.clearCandidate();
  if (state.releases[input.color] !== input.release) await edge.announce(input.color, input.release);
  const monitor = context.monitor(input.database);
  let interruptedBy: RolloutEvent | undefined;
  const stop = async () => {
    interruptedBy = await interruption(tools, interrupted);
    return interruptedBy !== undefined;
  };
  try {
    if (await isQuiesced(input, context)) await resumeTarget(input, context);
    await replicasReady(input, context, stop);
    if (interruptedBy) return interruptedBy;
    const { connections, error } = await monitor.check();
    if (error !== null) return { kind: "unprepared", why: `the database is unavailable: ${error}` };
    if (connections && connections.used * 100 > connections.max * input.thresholds.connections)
      return {
        kind: "unprepared",
        why: `the database has ${connections.used} of ${connections.max} connections in use, too many for two colors`,
      };
    return { kind: "prepared" };
  } catch (error) {
    return { kind: "unprepared", why: messageOf(error) };
  } finally {
    await monitor.end();
  }
}

/** The target was quiesced. Before it gets traffic, it has to be ready with the schema as it is now. */
async function resumeTarget(input: ShiftInput, context: JobContext): Promise<void> {
  await resumeColor(input.prefix, input.color, input.web, context);
  await replicasReady(input, context);
  await mustBeReady({ ...input, entrance: input.edge.previewUrl }, context);
}

/** Gives the target all requests in one step, and asks the edge itself which color is active now. */
async function commit(tools: RolloutTools, interrupted: AbortSignal): Promise<RolloutEvent> {
  const { input, plan, edge, context, record, recordOrSay, handOver } = tools;
  try {
    // A replica may have failed since the last sample.
    await replicasReady({ ...input, timeout: Math.min(5, input.timeout) }, context);
    // Without this record the change is not made.
    await record({ event: "committing" });
    const interruptedBy = await interruption(tools, interrupted);
    if (interruptedBy) return interruptedBy;
    const { rollout, color } = input;
    const skewMs = plan.steps.length > 0 ? rollout.skew * 1_000 : 0;
    const drainMs = rollout.drain * 1_000;
    await edge
      .commit({ color, epoch: plan.epoch, expectedCommitted: plan.from, skewMs, drainMs })
      .catch(notYetLive(edge));
  } catch (error) {
    if (error instanceof EdgeUnreachable) throw error;
    return { kind: "uncommitted", why: messageOf(error) };
  }
  const { live } = await edge.state();
  // A HAProxy that is just starting reads the active color from its volume, where it is written already.
  if (live && live.committed !== input.color)
    return {
      kind: "uncommitted",
      why: `the edge accepted the commit of ${input.color} but routes to ${live.committed}`,
    };
  await recordOrSay({ event: "committed" });
  await endMaintenance(edge, context);
  await handOver(input.color);
  return { kind: "committed" };
}

/** Reverts: all requests go to the old color, if it is still warm. */
async function revert(
  { input, plan, edge, context, handOver }: RolloutTools,
  to: ShiftInput["color"],
): Promise<RolloutEvent> {
  try {
    const web = await wantedNow({ ...input, color: to }, context);
    await replicasReady({ ...input, color: to, version: "", web, timeout: Math.min(10, input.timeout) }, context);
    await edge
      .commit({ color: to, epoch: plan.epoch, expectedCommitted: input.color, drainMs: input.rollout.drain * 1_000 })
      .catch(notYetLive(edge));
  } catch (error) {
    if (error instanceof EdgeUnreachable) throw error;
    return { kind: "uncommitted", why: messageOf(error) };
  }
  await handOver(to);
  return { kind: "reverted" };
}

/** What is on the disk counts, even if HAProxy is down: it starts with it. */
function notYetLive(edge: EdgeClient) {
  return async (error: unknown) => {
    if (!(error instanceof EdgeNotLive)) throw error;
    return edge.state();
  };
}

type Stage = Extract<Action, { kind: "step" | "bake" }>;

/** Watches a step or the bake, one sample a call. A new step begins with new figures and no time passed. */
function stageOf(tools: RolloutTools, interrupted: AbortSignal): (action: Stage) => Promise<RolloutEvent> {
  const { plan, edge, watch, context, record, recordOrSay } = tools;
  let current = "";
  let elapsed = 0;
  let heldFor = 0;
  let onHold = false;
  let last = 0;
  let reportedAt = 0;

  const begin = async (action: Stage) => {
    current = nameOf(action);
    [elapsed, heldFor, onHold, reportedAt] = [0, 0, false, context.monotonic()];
    watch.restart();
    if (action.kind === "step") {
      await edge.setCandidate({ color: plan.target, weight: action.weight, leaseMs });
      await record({ event: "step", weight: action.weight, seconds: action.seconds });
      context.say(`shift: ${plan.target} gets ${action.weight} % of the traffic`);
    }
    last = context.monotonic();
  };

  /** Whether the edge still does what this job has set. */
  const lost = async (action: Stage): Promise<RolloutEvent | undefined> => {
    if (action.kind === "step") {
      const state = await edge.renewLease(leaseMs);
      if (state.candidate === plan.target && state.weight === action.weight) return undefined;
      return { kind: "lease-lost", why: "another operation has changed the candidate" };
    }
    const { committed } = await edge.state();
    if (committed === plan.target) return undefined;
    return { kind: "interrupted", why: `another operation has made ${committed ?? "no color"} active` };
  };

  const report = (action: Stage, { text, verdict }: Assessment, paused: boolean, over: boolean) => {
    const now = context.monotonic();
    if (now - reportedAt < sayEvery && !over) return;
    reportedAt = now;
    const where = action.kind === "step" ? `${plan.target} at ${action.weight} %` : `${plan.target} has all traffic`;
    const left = paused
      ? "paused"
      : verdict.kind === "shared"
        ? "on hold"
        : `${Math.max(0, Math.ceil(action.seconds - elapsed))} s left`;
    const remarks = [...(verdict.kind === "shared" ? verdict.reasons : []), ...verdict.warnings];
    context.say(`shift: ${where}, ${left} · ${[text, ...remarks].join(" · ")}`);
  };

  const blind = async (why: string): Promise<RolloutEvent> => {
    await context.sleep(sampleEvery);
    const now = context.monotonic();
    [elapsed, heldFor, onHold, last] = [0, heldFor + (now - last) / 1_000, true, now];
    const verdict: Verdict = { kind: "shared", reasons: [why], warnings: [] };
    context.say(`shift: ${plan.target} has all traffic; the figures are unavailable: ${why}`);
    return { kind: "watched", verdict, elapsed, heldFor };
  };

  return async (action) => {
    try {
      if (nameOf(action) !== current) await begin(action);
      const change = (await lost(action)) ?? (await interruption(tools, interrupted));
      if (change) {
        if (change.kind === "lease-lost") current = "";
        return change;
      }
      // Time counts up to the sample: the answers to its probes are in the next one.
      const now = context.monotonic();
      const seen = await watch.assess();
      const paused = action.kind === "step" && action.paused;
      const passed = (now - last) / 1_000;
      last = now;
      // Figures from around a fault of both colors are worth little: after it, the stage is watched from its beginning.
      // The time on hold adds up: a fault that comes and goes must not hold it for ever.
      if (seen.verdict.kind === "shared") [elapsed, heldFor, onHold] = [0, heldFor + passed, true];
      else {
        if (!paused && !onHold) elapsed += passed;
        onHold = false;
      }
      const over = seen.verdict.kind === "breach" || (!paused && elapsed >= action.seconds);
      report(action, seen, paused, over);
      if (over) await recordOrSay({ event: "watched", stage: nameOf(action), ...seen.verdict, figures: seen.text });
      else await context.sleep(sampleEvery);
      return { kind: "watched", verdict: seen.verdict, elapsed, heldFor };
    } catch (error) {
      // All traffic is there already: without figures it waits, as for a fault of both colors.
      if (action.kind === "bake") return blind(messageOf(error));
      current = "";
      if (error instanceof EdgeRefused) return { kind: "lease-lost", why: messageOf(error) };
      // Without figures a candidate must not keep its share.
      return { kind: "interrupted", why: messageOf(error) };
    }
  };
}

function nameOf(action: Stage): string {
  return action.kind === "step" ? `step ${action.index}` : "bake";
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
