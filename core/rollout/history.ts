import { type Color, isColor } from "../color.ts";
import { openIncidents } from "../journal/incidents.ts";
import { type JournalRecord, textOf } from "../journal/records.ts";
import type { RolloutSettings, Strategy } from "../settings/rollout.ts";
import type { RolloutPlan } from "./plan.ts";
import type { Order, Reversal } from "./state.ts";

/** What the journal says of a rollout that another job began and did not end. */
export interface Unfinished {
  /** Who served before it began. */
  from: Color | null;
  /** What it was giving up for; null when it was not. */
  reversal: Reversal | null;
}

/** Which rollout is meant: the one of this release to this color. */
interface Aim {
  color: Color;
  release: string;
}

/** The rollout of a release that its last job left in the middle; null when there is none. */
export function unfinished(records: readonly JournalRecord[], aim: Aim): Unfinished | null {
  const own = shiftsOf(records, aim);
  const began = own.findLastIndex(({ event }) => event === "begun");
  const rest = own.slice(began + 1);
  const begun = own[began];
  if (begun === undefined || rest.some(({ event }) => event === "ended")) return null;
  // Somebody else has changed the color since: that one began from where this one has left it.
  const later = records.slice(records.indexOf(begun) + 1);
  if (later.some((record) => record.step === "shift" && record.event === "begun")) return null;
  const reversal = rest.findLast(({ event }) => event === "undoing");
  return {
    from: isColor(begun.from) ? begun.from : null,
    reversal: reversal ? { why: textOf(reversal.why), blame: reversal.blame === true } : null,
  };
}

/**
 * Whether the last change of color is the one of this release, and it ended with everybody there. Who asks for it again
 * has only lost sight of the job that made it.
 */
export function isCompleted(records: readonly JournalRecord[], { color, release }: Aim): boolean {
  const last = records.findLast(({ step, event }) => step === "shift" && (event === "begun" || event === "ended"));
  return last?.outcome === "committed" && last.color === color && last.release === release;
}

/**
 * Whether the release has served before and left of its own accord: going back to it is no trial, and takes seconds.
 * A release that was taken back has to prove itself like a new one.
 */
export function isRollback(records: readonly JournalRecord[], aim: Aim): boolean {
  if (openIncidents(records).some(({ release }) => release === aim.release)) return false;
  const ends = records.filter(
    ({ step, event, color, release }) =>
      (step === "shift" || step === "soak") && event === "ended" && color === aim.color && release === aim.release,
  );
  const last = ends.at(-1);
  return last !== undefined && (last.outcome === "committed" || last.outcome === "superseded") && last.blame !== true;
}

/** What another deploy has prepared the color for since this release was: its migration. Null when nobody has. */
export function overtakenBy(records: readonly JournalRecord[], { color, release }: Aim): JournalRecord | null {
  const last = records.findLast((one) => one.step === "migration" && one.event === "done" && one.color === color);
  return last && last.release !== release ? last : null;
}

/**
 * Whether a release has to prove itself: it is new, and there is a warm color to go back to. After a standstill there is
 * none.
 */
export function isWatched(
  { color, strategy }: Pick<Aim, "color"> & { strategy: Strategy },
  { from, rollback }: { from: Color | null; rollback: boolean },
): boolean {
  return from !== null && from !== color && !rollback && strategy !== "recreate";
}

/** What a rollout is to do, by the settings and what has been. */
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
 * @param from how many records were there when orders began to count
 */
export function nextOrder(
  records: readonly JournalRecord[],
  from: number,
): { order: Order; by: string; next: number } | null {
  const known: readonly string[] = ["promote", "abort", "pause", "resume"] satisfies Order[];
  const at = records.findIndex(({ step, event }, index) => index >= from && step === "order" && known.includes(event));
  const found = records[at];
  return found ? { order: found.event as Order, by: found.operator, next: at + 1 } : null;
}

function shiftsOf(records: readonly JournalRecord[], { color, release }: Aim): JournalRecord[] {
  return records.filter((one) => one.step === "shift" && one.color === color && one.release === release);
}
