import type { Color } from "../color.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { fallbackColor, type RolloutPlan, watchedSteps } from "./plan.ts";
import type { Action, LeftReversal, Order, Reversal, Rollout, RolloutEvent } from "./state.ts";

/**
 * The change of color as a state machine: `resume` says where to begin, `actionOf` what to do, and `advance` where an event
 * leads. Whatever happens, and wherever a job is killed, the edge ends with the target committed or with the color that
 * was active before, and without a candidate.
 */

/** How often a rollout starts over because the edge lost its candidate. */
export const maxRestarts = 2;

type Phase<P extends Rollout["phase"]> = Extract<Rollout, { phase: P }>;

/** What to do now. */
export function actionOf(rollout: Rollout, plan: RolloutPlan): Action {
  switch (rollout.phase) {
    case "prepare":
    case "commit":
    case "withdraw":
      return { kind: rollout.phase };
    case "step":
      return { kind: "step", index: rollout.index, paused: rollout.paused, ...rollout.step };
    case "bake":
      return { kind: "bake", seconds: plan.bake };
    case "revert":
      return { kind: "revert", to: rollout.to };
    case "done":
      return { kind: "finish", outcome: rollout.outcome, why: rollout.why, blame: rollout.blame };
  }
}

/** Where the rollout is after an event. An event that does not apply there, such as a late one, changes nothing. */
export function advance(rollout: Rollout, event: RolloutEvent, plan: RolloutPlan): Rollout {
  switch (rollout.phase) {
    case "prepare":
      return afterPrepare(rollout, event, plan);
    case "step":
      return afterStep(rollout, event, plan);
    case "commit":
      return afterCommit(rollout, event, plan);
    case "bake":
      return afterBake(rollout, event, plan);
    case "withdraw":
      return event.kind === "withdrawn" ? reversed(rollout.isRevert ? "reverted" : "withdrawn", rollout) : rollout;
    case "revert":
      if (event.kind === "reverted") return reversed("reverted", rollout);
      return event.kind === "uncommitted" ? cannotRevert(rollout, event.why) : rollout;
    case "done":
      return rollout;
  }
}

/**
 * Where a rollout that has ended well goes when an operator's abort is read before its end is recorded: it reverts.
 * One that has ended in another way stays as it is.
 */
export function abortLate(rollout: Phase<"done">, plan: RolloutPlan): Rollout {
  const isWell = rollout.outcome === "committed" && rollout.why === null;
  return isWell ? revertTo(plan, aborted) : rollout;
}

/**
 * Where a job begins, the first one and every one that repeats it.
 * @param found the edge's state; `reversal` is why, by the journal, this rollout was withdrawing or reverting when its last
 * job died, null when it was not or has ended
 */
export function resume(
  plan: RolloutPlan,
  found: { committed: Color | null; epoch: string; reversal: LeftReversal | null },
): Rollout {
  const isCommitted = found.committed === plan.target && found.epoch === plan.epoch;
  if (found.reversal === null) return isCommitted ? committed(plan) : prepare();
  const { why, blame, isRevert = false } = found.reversal;
  if (isCommitted) return revertTo(plan, found.reversal);
  // The revert itself was made; only its record is missing.
  return isRevert ? { phase: "withdraw", why, blame, isRevert } : withdraw(why, blame);
}

function afterPrepare(rollout: Phase<"prepare">, event: RolloutEvent, plan: RolloutPlan): Rollout {
  switch (event.kind) {
    case "prepared":
      return stepOrCommit(plan, 0, rollout);
    case "unprepared":
    case "interrupted":
      return withdraw(event.why);
    case "ordered":
      return obey(rollout, event.order);
    default:
      return rollout;
  }
}

function afterStep(rollout: Phase<"step">, event: RolloutEvent, plan: RolloutPlan): Rollout {
  const next = () => stepOrCommit(plan, rollout.index + 1, { ...rollout, paused: false });
  switch (event.kind) {
    case "watched": {
      const { verdict, elapsed, heldFor } = event;
      if (verdict.kind === "breach") return withdraw(textOf(verdict), true);
      if (verdict.kind === "shared") return heldFor < plan.holdFor ? rollout : withdraw(tooLong(verdict, heldFor));
      if (rollout.paused || elapsed < rollout.step.seconds) return rollout;
      const pass = verdict.kind === "good" || plan.onInconclusive === "promote";
      return pass ? next() : withdraw(textOf(verdict));
    }
    case "lease-lost":
      if (rollout.restarts >= maxRestarts) return withdraw(event.why);
      return { phase: "prepare", paused: rollout.paused, restarts: rollout.restarts + 1 };
    case "interrupted":
      return withdraw(event.why);
    case "ordered":
      return event.order === "promote" ? next() : obey(rollout, event.order);
    default:
      return rollout;
  }
}

/** An order or signal that is read before the commit prevents it. */
function afterCommit(rollout: Phase<"commit">, event: RolloutEvent, plan: RolloutPlan): Rollout {
  switch (event.kind) {
    case "committed":
      return committed(plan);
    case "uncommitted":
    case "interrupted":
      return withdraw(event.why);
    case "ordered":
      if (event.order === "abort") return withdraw(aborted.why);
      return event.order === "pause" ? pauseLast(rollout, plan) : rollout;
    default:
      return rollout;
  }
}

/** A pause as the last step ends keeps that step's share. */
function pauseLast(rollout: Phase<"commit">, plan: RolloutPlan): Rollout {
  const last = stepOrCommit(plan, watchedSteps(plan).length - 1, { paused: true, restarts: 0 });
  return last.phase === "step" ? last : rollout;
}

function afterBake(rollout: Phase<"bake">, event: RolloutEvent, plan: RolloutPlan): Rollout {
  switch (event.kind) {
    case "watched": {
      const { verdict, elapsed, heldFor } = event;
      if (verdict.kind === "breach") return revertTo(plan, { why: textOf(verdict), blame: true });
      // A revert does not fix what hurts both colors.
      if (verdict.kind === "shared") return heldFor < plan.holdFor ? rollout : stay(tooLong(verdict, heldFor));
      if (elapsed < plan.bake) return rollout;
      if (verdict.kind === "good") return stay(null);
      const why = textOf(verdict);
      return plan.onInconclusive === "promote" ? stay(why) : revertTo(plan, { why, blame: false });
    }
    case "interrupted":
      return stay(event.why);
    case "ordered":
      return event.order === "abort" ? revertTo(plan, aborted) : rollout;
    default:
      return rollout;
  }
}

const aborted: Reversal = { why: "aborted by an operator", blame: false };

/** An order other than promote. A pause before the first step applies to that step. */
function obey(rollout: Phase<"prepare" | "step">, order: Order): Rollout {
  if (order === "promote") return rollout;
  return order === "abort" ? withdraw(aborted.why) : { ...rollout, paused: order === "pause" };
}

function prepare(): Rollout {
  return { phase: "prepare", paused: false, restarts: 0 };
}

function stepOrCommit(plan: RolloutPlan, index: number, kept: { paused: boolean; restarts: number }): Rollout {
  const step = watchedSteps(plan)[index];
  if (step === undefined) return { phase: "commit" };
  return { phase: "step", index, step, paused: kept.paused, restarts: kept.restarts };
}

function committed(plan: RolloutPlan): Rollout {
  return plan.bake > 0 ? { phase: "bake" } : stay(null);
}

function withdraw(why: string, blame = false): Rollout {
  return { phase: "withdraw", why, blame };
}

function revertTo(plan: RolloutPlan, { why, blame }: Reversal): Rollout {
  const to = fallbackColor(plan);
  return to === null
    ? cannotRevert({ why, blame }, "no other color was active before")
    : { phase: "revert", to, why, blame };
}

function stay(why: string | null, blame = false): Rollout {
  return { phase: "done", outcome: "committed", why, blame };
}

function cannotRevert({ why, blame }: Reversal, because: string): Rollout {
  return stay(`${why}; it cannot be reverted: ${because}`, blame);
}

function reversed(outcome: "withdrawn" | "reverted", { why, blame }: Reversal): Rollout {
  return { phase: "done", outcome, why, blame };
}

function textOf({ kind, reasons }: Verdict): string {
  return kind === "breach" ? reasons.join("; ") : `${kind}: ${reasons.join("; ")}`;
}

function tooLong({ reasons }: Verdict, heldFor: number): string {
  return `both colors have been failing for ${Math.round(heldFor)} s: ${reasons.join("; ")}`;
}
