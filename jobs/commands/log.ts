import { lineOf } from "../../core/journal/records.ts";
import type { JobContext } from "../context.ts";

/** The journal: its records as they are on the disk or, from an older program, as they would be today. */
export async function log(_input: object, { journal }: JobContext) {
  const { records, bad } = await journal.read();
  return { records: records.map(lineOf), bad };
}
