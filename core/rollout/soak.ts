import type { Color } from "../color.ts";
import type { JournalRecord, RecordOf } from "../journal/records.ts";
import type { Reversal } from "./state.ts";

/** The journal's history of one soak, so that its job can be restarted at any moment. */
export interface SoakHistory {
  /** The edge's epoch when it began: another one means that something else changed the active color. */
  epoch: string;
  /** Seconds it has watched, up to its last record. */
  watched: number;
  /** The edge's epoch once it has reverted. */
  revertEpoch: string;
  /** Why it reverts; null when it does not. */
  reversal: Reversal | null;
  ended: boolean;
}

/**
 * The history of a soak; null when it has not begun.
 * @param soak its name, which is that of its service
 */
export function soakHistory(records: readonly JournalRecord[], soak: string): SoakHistory | null {
  const own = records.filter((one) => one.step === "soak").filter((one) => one.soak === soak);
  const at = own.findIndex(({ event }) => event === "begun");
  const begun = own[at];
  if (begun?.event !== "begun") return null;
  const rest = own.slice(at + 1);
  const reversal = rest.findLast((one) => one.event === "reverting");
  return {
    ...{ epoch: begun.epoch, revertEpoch: revertEpochOf(soak) },
    watched: rest.findLast((one) => one.event === "watched")?.elapsed ?? 0,
    reversal: reversal ? { why: reversal.why, blame: reversal.blame } : null,
    ended: rest.some(({ event }) => event === "ended"),
  };
}

/** The epoch that a soak reverts with; a soak's name is unique, so the epoch is. */
export function revertEpochOf(soak: string): string {
  return `soak-${soak}`;
}

/** The record that the last soak has begun with, if that soak has not ended; null when there is none. */
export function openSoak(records: readonly JournalRecord[]): RecordOf<"soak", "begun"> | null {
  const begun = records.findLast((one) => one.step === "soak" && one.event === "begun");
  return begun && !soakHistory(records, begun.soak)?.ended ? begun : null;
}

/**
 * Whether the edge is as this soak found it or made it. Otherwise something else has changed the active color.
 * @param edge the edge's state
 * @param soak the watched color, and the one before
 */
export function isOurs(
  edge: { committed: Color | null; epoch: string },
  soak: { color: Color; from: { color: Color } },
  history: SoakHistory,
): boolean {
  if (edge.committed === soak.color) return edge.epoch === history.epoch;
  return edge.committed === soak.from.color && edge.epoch === history.revertEpoch;
}
