import { z } from "zod";
import { recordVersion, unknownRecord } from "./fields.ts";
import { linesOf } from "./lines.ts";
import { type JournalRecord, recordSchemas } from "./records.ts";
import { type Raw, upgrade } from "./upgrade.ts";

/** A line that is no record. It is reported and otherwise ignored. */
export interface BadLine {
  /** Its number in the file, from 1. */
  line: number;
  /** What is wrong with it. */
  why: string;
}

/** What a journal holds. */
export interface JournalContents {
  /** Oldest first. */
  records: JournalRecord[];
  bad: BadLine[];
}

/** What every record must have, also one of a newer program. */
const anyRecord = z.looseObject({ step: z.string(), event: z.string(), v: z.number().optional() });

const schemas = new Map<string, z.ZodType<JournalRecord>>(
  recordSchemas.map((schema) => [`${schema.shape.step.value} ${schema.shape.event.value}`, schema]),
);

/** Reads and checks a journal. @param bytes the whole file */
export function readJournal(bytes: Uint8Array): JournalContents {
  return readAll(linesOf(bytes).map(({ number, bytes: line }) => ({ line: number, value: parse(line) })));
}

/** Reads and checks records that are JSON values already, such as those of a job's answer. */
export function readRecords(values: readonly unknown[]): JournalContents {
  return readAll(values.map((value, at) => ({ line: at + 1, value })));
}

function readAll(entries: readonly { line: number; value: unknown }[]): JournalContents {
  const contents: JournalContents = { records: [], bad: [] };
  // Only needed to upgrade old records: whether the rollout they belong to has committed.
  let committed = false;
  for (const { line, value } of entries) {
    const found = readRecord(value, committed);
    if ("why" in found) {
      contents.bad.push({ line, why: found.why });
      continue;
    }
    const { record } = found;
    contents.records.push(record);
    if (record.step === "shift" && record.event === "begun") committed = false;
    if (record.step === "shift" && record.event === "committed") committed = true;
  }
  return contents;
}

type Found = { record: JournalRecord } | { why: string };

function readRecord(value: unknown, committed: boolean): Found {
  if (value === undefined) return { why: "is not JSON" };
  const any = anyRecord.safeParse(value);
  if (!any.success) return { why: reason(any.error) };
  const raw: Raw = any.data.v === undefined ? upgrade(any.data, committed) : any.data;
  const schema = schemas.get(`${String(raw.step)} ${String(raw.event)}`);
  if (schema === undefined) return readUnknown(any.data, raw);
  const known = schema.safeParse(raw);
  if (known.success) return { record: known.data };
  // A newer program may have changed the fields of this event.
  if (Number(raw.v) > recordVersion) return readUnknown(any.data, raw);
  return { why: `${String(raw.step)} ${String(raw.event)}: ${reason(known.error)}` };
}

/** @param line the record as it is in the journal */
function readUnknown(line: z.infer<typeof anyRecord>, raw: Raw): Found {
  const found = unknownRecord.safeParse({ ...raw, step: "unknown", event: "unknown", line });
  return found.success ? { record: found.data } : { why: reason(found.error) };
}

/** Undefined where the bytes are no JSON. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** The first thing that is wrong, with its key. */
function reason(error: z.ZodError): string {
  const issue = error.issues[0];
  const key = issue?.path.join(".");
  return `${key ? `${key}: ` : ""}${issue?.message ?? "is no record"}`;
}
