import type { ShiftInput } from "../core/jobs.ts";
import type { RolloutPlan } from "../core/rollout-plan.ts";
import type { Action, RolloutEvent } from "../core/rollout-state.ts";
import { nextOrder } from "../core/rollout-story.ts";
import type { JobContext } from "./context.ts";
import { type EdgeClient, EdgeNotLive, EdgeRefused, EdgeUnreachable } from "./edge.ts";
import { replicasReady } from "./replicas.ts";
import { openAgain } from "./standstill.ts";
import type { Look, Watch } from "./watch.ts";

/** How long a candidate goes on when nobody renews its lease, in milliseconds. It is renewed with every look. */
export const leaseMs = 10_000;

/** Milliseconds between two looks. */
const lookEvery = 1_000;

/** Milliseconds between two lines for the operator. */
const sayEvery = 5_000;

/** What the hands work with. */
export interface Hands {
  input: ShiftInput;
  plan: RolloutPlan;
  edge: EdgeClient;
  watch: Watch;
  context: JobContext;
  /** Adds a record of this shift to the journal. */
  note: (event: string, detail?: object) => Promise<void>;
  /** How many records were in the journal when orders began to count. */
  heard: number;
  /** Sets out to give a color the workers. */
  handOver: (color: ShiftInput["color"]) => Promise<void>;
}

/** Performs the actions of a rollout: each call does one thing and says what happened. */
export function performer(hands: Hands): (action: Action) => Promise<RolloutEvent> {
  const { edge, context } = hands;
  const stage = stageOf(hands);
  const interrupted = context.interrupted();
  return async (action) => {
    switch (action.kind) {
      case "prepare":
        return prepare(hands);
      case "commit":
        return commit(hands);
      case "withdraw":
        await edge.clearCandidate();
        return { kind: "withdrawn" };
      case "revert":
        return revert(hands, action.to);
      case "trial":
      case "bake":
        if (interrupted.aborted) return { kind: "interrupted", why: "the job was told to end" };
        return stage(action);
      case "finish":
        throw new Error(`the rollout of ${hands.plan.target} has ended already`);
    }
  };
}

/** Takes back what an earlier job left on trial, and sees that the target can serve. */
async function prepare({ input, edge, context }: Hands): Promise<RolloutEvent> {
  const state = await edge.state();
  if (state.candidate !== null) await edge.clearCandidate();
  if (state.releases[input.color] !== input.release) await edge.announce(input.color, input.release);
  const pulse = context.pulse(input.database);
  try {
    await replicasReady(input, context);
    const { connections, error } = await pulse.feel();
    if (error !== null) return { kind: "unprepared", why: `the database does not answer: ${error}` };
    if (connections && connections.used * 100 > connections.max * input.thresholds.connections)
      return {
        kind: "unprepared",
        why: `the database has ${connections.used} of ${connections.max} connections in use, too many for two colors`,
      };
    return { kind: "prepared" };
  } catch (error) {
    return { kind: "unprepared", why: messageOf(error) };
  } finally {
    await pulse.end();
  }
}

/** Gives the target all requests in one step, and asks the edge itself who serves now. */
async function commit(hands: Hands): Promise<RolloutEvent> {
  const { input, plan, edge, context, note, handOver } = hands;
  try {
    // A replica may have died since it was last looked at.
    await replicasReady({ ...input, timeout: Math.min(5, input.timeout) }, context);
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
  // A HAProxy that is just starting reads from its volume who serves, and that is written.
  if (live && live.committed !== input.color)
    return { kind: "uncommitted", why: `the edge was told to serve ${input.color} but serves ${live.committed}` };
  await note("committed");
  await openAgain(edge, context);
  await handOver(input.color);
  return { kind: "committed" };
}

/** Gives everybody back to the old color, if it is still warm. */
async function revert({ input, plan, edge, context, handOver }: Hands, to: ShiftInput["color"]): Promise<RolloutEvent> {
  try {
    await replicasReady({ ...input, color: to, version: "", timeout: Math.min(10, input.timeout) }, context);
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

/** What is on the disk counts, even if HAProxy is just away: it begins with it. */
function notYetLive(edge: EdgeClient) {
  return async (error: unknown) => {
    if (!(error instanceof EdgeNotLive)) throw error;
    return edge.state();
  };
}

type Stage = Extract<Action, { kind: "trial" | "bake" }>;

/** Watches a step or the bake, one look a call. A new step begins with fresh figures and no time passed. */
function stageOf(hands: Hands): (action: Stage) => Promise<RolloutEvent> {
  const { plan, edge, watch, context, note } = hands;
  let current = "";
  let elapsed = 0;
  let heldFor = 0;
  let onHold = false;
  let last = 0;
  let said = 0;
  let heard = hands.heard;

  const begin = async (action: Stage) => {
    current = nameOf(action);
    [elapsed, heldFor, onHold, said] = [0, 0, false, context.monotonic()];
    watch.restart();
    if (action.kind === "trial") {
      await edge.setCandidate({ color: plan.target, weight: action.weight, leaseMs });
      await note("trial", { weight: action.weight, seconds: action.seconds });
      context.say(`shift: ${plan.target} takes ${action.weight} %`);
    }
    last = context.monotonic();
  };

  /** Whether the edge still does what this job wants of it. */
  const lost = async (action: Stage): Promise<RolloutEvent | undefined> => {
    if (action.kind === "trial") {
      const state = await edge.renewLease(leaseMs);
      if (state.candidate === plan.target && state.weight === action.weight) return undefined;
      return { kind: "lease-lost", why: "somebody else has changed the candidate" };
    }
    const { committed } = await edge.state();
    if (committed === plan.target) return undefined;
    return { kind: "interrupted", why: `somebody else has given the requests to ${committed ?? "nobody"}` };
  };

  const order = async (): Promise<RolloutEvent | undefined> => {
    const found = nextOrder(await context.journal.read(), heard);
    if (!found) return undefined;
    heard = found.next;
    context.say(`shift: ${found.order}, by ${found.by}`);
    return { kind: "ordered", order: found.order };
  };

  const tell = (action: Stage, { text, verdict }: Look, paused: boolean) => {
    const now = context.monotonic();
    const over = verdict.kind === "breach" || elapsed >= action.seconds;
    if (now - said < sayEvery && !over) return;
    said = now;
    const where = action.kind === "trial" ? `${plan.target} at ${action.weight} %` : `${plan.target} has everybody`;
    const left = paused
      ? "paused"
      : verdict.kind === "shared"
        ? "on hold"
        : `${Math.max(0, Math.ceil(action.seconds - elapsed))} s left`;
    const notes = [...(verdict.kind === "shared" ? verdict.reasons : []), ...verdict.warnings];
    context.say(`shift: ${where}, ${left} · ${[text, ...notes].join(" · ")}`);
  };

  return async (action) => {
    try {
      if (nameOf(action) !== current) await begin(action);
      const change = (await lost(action)) ?? (await order());
      if (change) {
        if (change.kind === "lease-lost") current = "";
        return change;
      }
      // Time counts up to the look: what its probes bring is seen by the next one.
      const now = context.monotonic();
      const look = await watch.look();
      const paused = action.kind === "trial" && action.paused;
      const passed = (now - last) / 1_000;
      last = now;
      // What was seen around a trouble of both colors says little: after it, the stage is watched from its beginning.
      if (look.verdict.kind === "shared") [elapsed, heldFor, onHold] = [0, heldFor + passed, true];
      else {
        if (!paused && !onHold) elapsed += passed;
        [heldFor, onHold] = [0, false];
      }
      tell(action, look, paused);
      if (look.verdict.kind === "breach" || elapsed >= action.seconds)
        await note("watched", { stage: nameOf(action), ...look.verdict, figures: look.text });
      else await context.sleep(lookEvery);
      return { kind: "watched", verdict: look.verdict, elapsed, heldFor };
    } catch (error) {
      current = "";
      if (error instanceof EdgeRefused) return { kind: "lease-lost", why: messageOf(error) };
      // Who cannot see must not go on.
      return { kind: "interrupted", why: messageOf(error) };
    }
  };
}

function nameOf(action: Stage): string {
  return action.kind === "trial" ? `trial ${action.index}` : "bake";
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
