import type { JournalRecord } from "../../core/journal/records.ts";
import type { TestStack } from "./stack.ts";

/** The stack's journal, oldest first, by its own command. */
export async function journalOf(stack: TestStack): Promise<JournalRecord[]> {
  const { code, stdout, text } = await stack.cli("ops", "log", "--json");
  if (code !== 0) throw new Error(text);
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as JournalRecord);
}

/** What the journal tells of a version from some record on, as `step event`, oldest first. */
export function storyOf(records: readonly JournalRecord[], version: string, steps: readonly string[]): string[] {
  return records
    .filter((record) => record.version === version && steps.includes(record.step))
    .map(({ step, event }) => `${step} ${event}`);
}
