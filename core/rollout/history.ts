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
interface Aim {
  color: Color;
  release: string;
}

/** The rollout of a release that its last job did not finish; null when there is none. */
export function unfinished(records: readonly JournalRecord[], aim: Aim): Unfinished | null {
  const own = shiftsOf(records, aim);
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
 * Whether the last change of color is the one of this release, and it was committed. Who asks for it again has only lost
 * sight of the job that made it.
 */
export function isCompleted(records: readonly JournalRecord[], { color, release }: Aim): boolean {
  const last = records.findLast((one) => one.step === "shift" && (one.event === "begun" || one.event === "ended"));
  return last?.event === "ended" && last.outcome === "committed" && last.color === color && last.release === release;
}

/**
 * Whether the release has been active before and was left without a fault: returning to it needs no canary and no bake.
 * A release that was withdrawn or reverted has to prove itself like a new one.
 */
export function isRollback(records: readonly JournalRecord[], aim: Aim): boolean {
  if (openIncidents(records).some(({ release }) => release === aim.release)) return false;
  const last = records.findLast(
    (one) => one.event === "ended" && one.color === aim.color && one.release === aim.release,
  );
  if (last?.event !== "ended" || last.blame) return false;
  return last.outcome === "committed" || last.outcome === "superseded";
}

/** The migration by which another deploy has prepared the color for itself since; null when there is none. */
export function overtakenBy(
  records: readonly JournalRecord[],
  { color, release }: Aim,
): RecordOf<"migration", "done"> | null {
  const last = records.findLast((one) => one.step === "migration" && one.event === "done" && one.color === color);
  return last?.step === "migration" && last.event === "done" && last.release !== release ? last : null;
}

/**
 * Whether a release has to prove itself: it is new, and there is a warm color to return to. With `recreate` there is none.
 */
export function isWatched(
  { color, strategy }: Pick<Aim, "color"> & { strategy: Strategy },
  { from, rollback }: { from: Color | null; rollback: boolean },
): boolean {
  return from !== null && from !== color && !rollback && strategy !== "recreate";
}

/** What a rollout is to do, by the settings and the journal. */
export function planOf(
  aim: Aim & { epoch: string; strategy: Strategy; rollout: RolloutSettings },
  found: { from: Color | null; rollback: boolean },
): RolloutPlan {
  const { color: target, epoch, strategy, rollout } = aim;
  const { from } = found;
  const watched = isWatched(aim, found);
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

function shiftsOf(records: readonly JournalRecord[], { color, release }: Aim): RecordOf<"shift">[] {
  return records.filter((one) => one.step === "shift").filter((one) => one.color === color && one.release === release);
}
