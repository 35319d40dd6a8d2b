import type { JobInputs, JobVerb } from "../core/jobs/inputs.ts";
import type { JournalEvent, KnownRecord, RecordOf } from "../core/journal/records.ts";
import type { JobContext } from "./context.ts";

/** A verb with records of its own in the journal: `started`, then `done` or `failed`. */
export type RecordedVerb = JobVerb & Extract<KnownRecord, { event: "started" }>["step"];

/** What a job of this verb must return: the fields of its `done`, beside those that are known before. */
export type ResultFields<V extends RecordedVerb> = Omit<
  RecordOf<V, "done">,
  keyof RecordOf<V, "started"> | "step" | "event" | "took"
>;

/**
 * Runs a job between two records of the journal.
 * @returns its result; a shift's has the head of the journal's chain
 */
export async function recorded<V extends RecordedVerb>(
  verb: V,
  input: JobInputs[V],
  context: JobContext,
  run: () => Promise<ResultFields<V>>,
): Promise<object> {
  const began = context.monotonic();
  const about: object = { step: verb, ...releaseOf(input) };
  // The fields belong together by the types of this function, which the compiler cannot follow into the union.
  const append = (event: object) => context.journal.append({ ...about, ...event } as JournalEvent);
  const took = () => Math.round(context.monotonic() - began);
  await append({ event: "started" });
  try {
    const result = await run();
    const journalHead = await append({ event: "done", took: took(), ...result });
    const at = context.now().toISOString();
    return { step: verb, at, ...result, ...(verb === "shift" ? { journalHead } : {}) };
  } catch (error) {
    await append({ event: "failed", took: took(), error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

/** The release that the job is about, as far as its input has one. */
function releaseOf(input: object) {
  const { color, version, release, epoch } = input as Partial<RecordOf<"shift", "started">>;
  return { color, version, release, epoch };
}
