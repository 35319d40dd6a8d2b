import type { Color } from "../core/color.ts";
import { StepError } from "../core/errors.ts";
import type { JobContext } from "./context.ts";

/** What a job that goes on for a while writes into the journal, about one release. */
export interface Recorder {
  /** Adds a record. @throws StepError when the disk does not take it */
  record: (event: string, detail?: object) => Promise<void>;
  /** The same for what happens whether it is recorded or not: a full disk must not keep a bad release among the users. */
  recordOrSay: (event: string, detail?: object) => Promise<void>;
}

/** @param about what every record says, beside its time, event and operator */
export function recorderOf(
  { journal, now, say }: JobContext,
  step: string,
  about: { color: Color; version: string; release: string; soak?: string },
): Recorder {
  const record: Recorder["record"] = (event, detail = {}) =>
    journal.append({
      ...{ at: now().toISOString(), step, event },
      operator: process.env.TURNOUT_OPERATOR ?? "unknown",
      ...about,
      ...detail,
    });
  return {
    record,
    recordOrSay: (event, detail) =>
      record(event, detail).catch((error: unknown) => {
        if (!(error instanceof StepError)) throw error;
        say(`${step}: ${event}: ${error.message}`);
      }),
  };
}
