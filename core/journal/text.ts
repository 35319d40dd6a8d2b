import { isColor } from "../color.ts";
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
  const { from, strategy, until, weight, seconds, kind, figures, why, incident, outcome } = record;
  switch (record.event) {
    case "begun":
      return joined(
        ", ",
        isColor(from) && `from ${from}`,
        textOf(strategy),
        until !== undefined && `until ${textOf(until)}`,
      );
    case "trial":
      return `${Number(weight)} % for ${Number(seconds)} s`;
    case "watched":
      return joined(" · ", textOf(kind), textOf(figures));
    case "undoing":
      return textOf(why);
    case "ended":
      return joined(": ", textOf(outcome), textOf(why)) + (incident ? ` (incident ${textOf(incident)})` : "");
    case "retry":
      return `incident ${textOf(incident)}`;
    default:
      return "";
  }
}

/** What there is of the parts. */
function joined(between: string, ...parts: (string | false)[]): string {
  return parts.filter(Boolean).join(between);
}
