import { writeFileSync } from "node:fs";
import { readRecords } from "../../core/journal/reader.ts";
import { type JournalEvent, type JournalRecord, lineOf } from "../../core/journal/records.ts";

/** The time a journal of `journalWith` begins. */
export const firstMoment = Date.parse("2026-11-22T08:00:00.000Z");

/** What records of a test are about where they say nothing else. */
export const green = { color: "green", version: "1.2.0", release: "1.2.0-0badcafe" } as const;

const until = new Date(firstMoment).toISOString();
const seen = { kind: "good", reasons: [], warnings: [], figures: "" };
const reversal = { why: "slow", blame: false };

/** What records say that a test does not care about, by their step and event. */
const defaults: Record<string, object> = {
  "backup done": { file: "f", bytes: 1, sha256: "a", tables: 1 },
  "migration done": { from: null, revision: null },
  "migrated done": { from: null, revision: "0001" },
  "workers done": { running: true },
  "smoke done": { checks: 1 },
  "shift done": { from: null },
  "edge-config done": { hash: "h" },
  "shift begun": { from: null, strategy: "canary", rollback: false },
  "shift step": { weight: 5, seconds: 300 },
  "shift watched": { stage: "step 0", ...seen },
  "shift withdrawing": reversal,
  "shift reverting": reversal,
  "shift ended": { outcome: "committed", why: null, blame: false },
  "order retry": { incident: "i-1" },
  "soak begun": { from: "blue", until, epoch: "e" },
  "soak watched": { elapsed: 0, until, ...seen },
  "soak reverting": reversal,
  "soak ended": { outcome: "committed", why: null, blame: false },
};

/** A record of a test. @param details what differs from the defaults of its step and event */
export function recordOf(what: string, details: object = {}): JournalRecord {
  const [step = "", event = ""] = what.split(" ");
  const [record] = readRecords([{ v: 2, at: until, operator: "ada", ...eventOf(what, details), step, event }]).records;
  if (record === undefined) throw new Error(`"${what}" with ${JSON.stringify(details)} is no record`);
  return record;
}

/** What a job has to say of an event. */
export function eventOf(what: string, details: object = {}): JournalEvent {
  const [step = "", event = ""] = what.split(" ");
  const job = event === "done" || event === "failed" ? { took: 0 } : {};
  const fields = { ...green, ...(step === "soak" ? { soak: "soak-1" } : {}), ...job, ...defaults[what] };
  return { step, event, ...fields, ...(event === "failed" ? { error: "it failed" } : {}), ...details } as JournalEvent;
}

/** A journal as `step event` with details, one record a second, about the same release. */
export function journalWith(...entries: [what: string, details?: object][]): JournalRecord[] {
  return entries.map(([what, details], at) =>
    recordOf(what, { at: new Date(firstMoment + at * 1000).toISOString(), ...details }),
  );
}

/** Makes these records the journal of a directory, as they are: without a chain, and with their own times. */
export function writeJournal(directory: string, records: readonly JournalRecord[]): void {
  const lines = records.map((record) => `${JSON.stringify(lineOf(record))}\n`);
  writeFileSync(`${directory}/journal.jsonl`, lines.join(""));
}
