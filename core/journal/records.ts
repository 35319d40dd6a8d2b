import type { z } from "zod";
import type { unknownRecord } from "./fields.ts";
import { jobRecords } from "./job-records.ts";
import { rolloutRecords } from "./rollout-records.ts";

/** The schema of each record, one for each step and event. docs/journal.md has the same table. */
export const recordSchemas = [...jobRecords, ...rolloutRecords] as const;

/** A record that this program knows. Holds no secret. */
export type KnownRecord = z.infer<(typeof recordSchemas)[number]>;

/** A record of a newer program, with a step or event that this one does not know. */
export type UnknownRecord = z.infer<typeof unknownRecord>;

/** One line of the journal: what happened, and when. `step` and `event` tell its kind. */
export type JournalRecord = KnownRecord | UnknownRecord;

type Without<R, K extends PropertyKey> = R extends unknown ? Omit<R, K> : never;

/** An event as a program records it; the writer adds the rest. */
export type JournalEvent = Without<KnownRecord, "v" | "at" | "operator" | "prev">;

/** The same for a job that is about one release. */
export type EventOf<S extends "shift" | "soak"> = Without<
  Extract<JournalEvent, { step: S }>,
  "step" | "color" | "version" | "release" | "soak"
>;

/** The records of one step, or of one event of it. */
export type RecordOf<S extends KnownRecord["step"], E extends KnownRecord["event"] = KnownRecord["event"]> = Extract<
  KnownRecord,
  { step: S; event: E }
>;

/** A record as it is in the journal, as JSON. */
export function lineOf(record: JournalRecord): object {
  return record.step === "unknown" ? record.line : record;
}

/** The step and event of any record, also of one that this program does not know. */
export function kindOf(record: JournalRecord): { step: string; event: string } {
  return record.step === "unknown" ? record.line : record;
}
