import { readRecords } from "../../core/journal/reader.ts";
import type { JournalRecord } from "../../core/journal/records.ts";
import type { TestStack } from "./stack.ts";

/** The stack's journal, oldest first, by its own command. */
export async function journalOf(stack: TestStack): Promise<JournalRecord[]> {
  const { code, stdout, text } = await stack.cli("ops", "log", "--json");
  if (code !== 0) throw new Error(text);
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  const { records, bad } = readRecords(lines.map((line): unknown => JSON.parse(line)));
  if (bad.length > 0) throw new Error(`not records of a journal: ${JSON.stringify(bad)}`);
  return records;
}

/** The history of a version, as `step event`, oldest first. */
export function eventsOf(records: readonly JournalRecord[], version: string, steps: readonly string[]): string[] {
  return records
    .filter((record) => "version" in record && record.version === version && steps.includes(record.step))
    .map(({ step, event }) => `${step} ${event}`);
}
