import type { Color } from "../core/color.ts";
import { StepError } from "../core/errors.ts";
import type { JobContext } from "./context.ts";

/** What a job that goes on for a while writes into the journal, about one release. */
export interface Notes {
  /** Adds a record. @throws StepError when the disk does not take it */
  note: (event: string, detail?: object) => Promise<void>;
  /** The same for what happens whether it is recorded or not: a full disk must not keep a bad release among the users. */
  noteOrSay: (event: string, detail?: object) => Promise<void>;
}

/** @param about what every record says, beside its time, event and operator */
export function notesOf(
  { journal, now, say }: JobContext,
  step: string,
  about: { color: Color; version: string; release: string; soak?: string },
): Notes {
  const note: Notes["note"] = (event, detail = {}) =>
    journal.append({
      ...{ at: now().toISOString(), step, event },
      operator: process.env.TURNOUT_OPERATOR ?? "unknown",
      ...about,
      ...detail,
    });
  return {
    note,
    noteOrSay: (event, detail) =>
      note(event, detail).catch((error: unknown) => {
        if (!(error instanceof StepError)) throw error;
        say(`${step}: ${event}: ${error.message}`);
      }),
  };
}
