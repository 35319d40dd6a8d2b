import type { LogInput } from "../../core/jobs/inputs.ts";
import { verifyChain } from "../../core/journal/chain.ts";
import { readJournal } from "../../core/journal/reader.ts";
import { lineOf } from "../../core/journal/records.ts";
import type { JobContext } from "../context.ts";

/** The journal: its records, those of an older program in today's form; the lines that are none; and its chain. */
export async function log({ knownHead = null }: LogInput, { journal }: JobContext) {
  const bytes = await journal.bytes();
  const { records, bad } = readJournal(bytes);
  return { records: records.map(lineOf), bad, chain: verifyChain(bytes, knownHead) };
}
