import type { Color } from "../color.ts";
import type { JournalRecord } from "../journal/records.ts";
import type { Reversal } from "./state.ts";

/** What the journal says of one soak, so that its job can be started again at any moment. */
export interface SoakHistory {
  /** The edge's epoch when it began: with another one, somebody has changed who serves. */
  epoch: string;
  /** Seconds it has watched already; what it saw after its last record is watched again. */
  watched: number;
  /** The edge's epoch once it has gone back. */
  revertEpoch: string;
  /** Why it is going back; null when it is not. */
  reversal: Reversal | null;
  ended: boolean;
}

/**
 * What has been of a soak; null when it has not begun.
 * @param soak its name, which is that of its service
 */
export function soakHistory(records: readonly JournalRecord[], soak: string): SoakHistory | null {
  const at = records.findIndex((record) => isOf(record, soak) && record.event === "begun");
  const begun = records[at];
  if (begun === undefined) return null;
  const rest = records.slice(at + 1).filter((record) => isOf(record, soak));
  const watched = rest.findLast(({ event }) => event === "watched");
  const reversal = rest.findLast(({ event }) => event === "undoing");
  return {
    ...{ epoch: String(begun.epoch), revertEpoch: revertEpochOf(soak) },
    watched: Number(watched?.elapsed ?? 0),
    reversal: reversal ? { why: String(reversal.why), blame: reversal.blame === true } : null,
    ended: rest.some(({ event }) => event === "ended"),
  };
}

/** What a soak marks its way back with; a soak's name is unique, so the mark is. */
export function revertEpochOf(soak: string): string {
  return `soak-${soak}`;
}

/** The record a soak has begun with that has not ended yet; null when there is none. */
export function openSoak(records: readonly JournalRecord[]): JournalRecord | null {
  const begun = records.findLast(({ step, event }) => step === "soak" && event === "begun");
  return begun && !soakHistory(records, String(begun.soak))?.ended ? begun : null;
}

/**
 * Whether the edge does what this soak has found or made. Otherwise somebody else has changed who serves.
 * @param edge what the edge says
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

function isOf(record: JournalRecord, soak: string): boolean {
  return record.step === "soak" && record.soak === soak;
}
