import type { JournalRecord } from "../../core/journal/records.ts";

/** The time a journal of `told` begins. */
export const firstMoment = Date.parse("2026-11-22T08:00:00.000Z");

/** What records of a test are about where they say nothing else. */
export const green = { color: "green", version: "1.2.0", release: "1.2.0-0badcafe" } as const;

/** A journal as `step event` with details, one record a second, about the same release. */
export function told(...entries: [what: string, details?: object][]): JournalRecord[] {
  return entries.map(([what, details], at) => {
    const [step = "", event = ""] = what.split(" ");
    return { at: new Date(firstMoment + at * 1000).toISOString(), step, event, operator: "ada", ...green, ...details };
  });
}
