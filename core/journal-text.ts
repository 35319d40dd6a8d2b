import { isColor } from "./color.ts";
import { type JournalRecord, textOf } from "./records.ts";

/** One record of the journal as a line for people. */
export function describeRecord(record: JournalRecord): string {
  const about = [record.color, record.version].filter(Boolean).join(" ");
  const took = record.took === undefined ? "" : ` (${(record.took / 1000).toFixed(1)} s)`;
  const more = record.error ?? detailsOf(record);
  const step = record.step.padEnd(11);
  return `${record.at}  ${step} ${record.event.padEnd(7)} ${about}${took} by ${record.operator}${more && ` · ${more}`}`;
}

/** What an event of a change of color has to tell beside its name; empty for all others. */
function detailsOf(record: JournalRecord): string {
  const { from, until, weight, seconds, figures, why, incident, outcome } = record;
  switch (record.event) {
    case "begun":
      return [nameOf(from), until !== undefined && `until ${textOf(until)}`].filter(Boolean).join(", ");
    case "trial":
      return `${Number(weight)} % for ${Number(seconds)} s`;
    case "watched":
      return textOf(figures);
    case "undoing":
      return textOf(why);
    case "ended":
      return endOf(textOf(outcome), textOf(why)) + (incident ? ` (incident ${textOf(incident)})` : "");
    case "retry":
      return `incident ${textOf(incident)}`;
    default:
      return "";
  }
}

function endOf(outcome: string, why: string): string {
  return [outcome, why].filter(Boolean).join(": ");
}

/** The color that served before: alone, or in a group with its release. */
function nameOf(from: unknown): string | undefined {
  const color = typeof from === "object" && from !== null && "color" in from ? from.color : from;
  return isColor(color) ? `from ${color}` : undefined;
}
