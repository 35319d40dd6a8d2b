import { StepError } from "../core/errors.ts";
import type { JournalEvent } from "../core/journal/records.ts";
import type { JobContext } from "./context.ts";

/** What a job that takes a while writes into the journal, about one release. @typeParam E an event of it */
export interface Recorder<E> {
  /** Adds a record. @throws StepError when the disk does not take it */
  record: (event: E) => Promise<void>;
  /** The same for what happens whether it is recorded or not: a full disk must not keep a bad release active. */
  recordOrSay: (event: E) => Promise<void>;
}

/** @param whole adds to an event what all of this job have in common */
export function recorderOf<E>({ journal, say }: JobContext, whole: (event: E) => JournalEvent): Recorder<E> {
  const record = async (event: E) => {
    await journal.append(whole(event));
  };
  return {
    record,
    recordOrSay: (event) =>
      record(event).catch((error: unknown) => {
        if (!(error instanceof StepError)) throw error;
        const { step, event: name } = whole(event);
        say(`${step}: ${name}: ${error.message}`);
      }),
  };
}
