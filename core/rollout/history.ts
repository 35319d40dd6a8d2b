import type { Color } from "../color.ts";
import { openIncidents } from "../journal/incidents.ts";
import type { JournalRecord, RecordOf } from "../journal/records.ts";
import type { RolloutSettings, Strategy } from "../settings/rollout.ts";
import type { RolloutPlan } from "./plan.ts";
import type { LeftReversal, Order } from "./state.ts";

/** A rollout that another job began and did not end. */
export interface Unfinished {
  /** The color that was active before it began. */
  from: Color | null;
  /** Why it was withdrawing or reverting; null when it was not. */
  reversal: LeftReversal | null;
}

/** Which rollout is meant: the one of this release to this color. */
interface Target {
  color: Color;
  release: string;
}

/** The rollout of a release that its last job did not finish; null when there is none. */
export function unfinished(records: readonly JournalRecord[], target: Target): Unfinished | null {
  const own = shiftsOf(records, target);
  const began = own.findLastIndex(({ event }) => event === "begun");
  const rest = own.slice(began + 1);
  const begun = own[began];
  if (begun?.event !== "begun" || rest.some(({ event }) => event === "ended")) return null;
  // Another rollout has begun since: it began from where this one stopped.
  const later = records.slice(records.indexOf(begun) + 1);
  if (later.some((record) => record.step === "shift" && record.event === "begun")) return null;
  const reversal = rest.findLast((record) => record.event === "withdrawing" || record.event === "reverting");
  return {
    from: begun.from,
    reversal: reversal ? { why: reversal.why, blame: reversal.blame, isRevert: reversal.event === "reverting" } : null,
  };
}

/**
 * Whether the last change of color is the one of this release, and it was committed. A repeated request only missed the
 * job's result.
 */
export function isCompleted(records: readonly JournalRecord[], { color, release }: Target): boolean {
  const last = records.findLast((one) => one.step === "shift" && (one.event === "begun" || one.event === "ended"));
  return last?.event === "ended" && last.outcome === "committed" && last.color === color && last.release === release;
}

/**
 * Whether the release has been active before and was left without a fault: returning to it needs no canary and no bake.
 * A release that was withdrawn or reverted has to prove itself like a new one.
 */
export function isRollback(records: readonly JournalRecord[], target: Target): boolean {
  if (openIncidents(records).some(({ release }) => release === target.release)) return false;
  const last = records.findLast(
    (one) => one.event === "ended" && one.color === target.color && one.release === target.release,
  );
  if (last?.event !== "ended" || last.blame) return false;
  return last.outcome === "committed" || last.outcome === "superseded";
}

/** The migration by which another deploy has prepared the color for itself since; null when there is none. */
export function supersededBy(
  records: readonly JournalRecord[],
  { color, release }: Target,
): RecordOf<"migration", "done"> | null {
  const last = records.findLast((one) => one.step === "migration" && one.event === "done" && one.color === color);
  return last?.step === "migration" && last.event === "done" && last.release !== release ? last : null;
}

/**
 * Whether a release has to prove itself: it is new, and there is a warm color to return to. With `recreate` there is
 * none.
 */
export function isWatched(
  { color, strategy }: Pick<Target, "color"> & { strategy: Strategy },
  { from, rollback }: { from: Color | null; rollback: boolean },
): boolean {
  return from !== null && from !== color && !rollback && strategy !== "recreate";
}

/** What a rollout is to do, by the settings and the journal. */
export function planOf(
  asked: Target & { epoch: string; strategy: Strategy; rollout: RolloutSettings },
  found: { from: Color | null; rollback: boolean },
): RolloutPlan {
  const { color: target, epoch, strategy, rollout } = asked;
  const { from } = found;
  const watched = isWatched(asked, found);
  return {
    ...{ target, from, epoch },
    steps: watched && strategy === "canary" ? rollout.steps : [],
    bake: watched ? rollout.bake : 0,
    holdFor: rollout.hold,
    onInconclusive: rollout.inconclusive,
  };
}

/**
 * The first order from a place in the journal on; null when there is none.
 * @param from the number of records when orders began to count
 */
export function nextOrder(
  records: readonly JournalRecord[],
  from: number,
): { order: Order; by: string; next: number } | null {
  for (const [at, record] of records.entries())
    if (at >= from && record.step === "order" && record.event !== "retry")
      return { order: record.event, by: record.operator, next: at + 1 };
  return null;
}

function shiftsOf(records: readonly JournalRecord[], { color, release }: Target): RecordOf<"shift">[] {
  return records.filter((one) => one.step === "shift").filter((one) => one.color === color && one.release === release);
}
