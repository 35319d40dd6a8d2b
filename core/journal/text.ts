import type { BadLine } from "./reader.ts";
import { type JournalRecord, kindOf } from "./records.ts";

/** One record of the journal as a line for people. */
export function describeRecord(record: JournalRecord): string {
  const { step, event } = kindOf(record);
  const about = aboutOf(record);
  const took = "took" in record ? ` (${(record.took / 1000).toFixed(1)} s)` : "";
  const more = detailsOf(record);
  return `${record.at}  ${step.padEnd(11)} ${event.padEnd(11)} ${about}${took} by ${record.operator}${more && ` · ${more}`}`;
}

/** The lines that are no records, as one line for people; the first of them is named. @param bad at least one */
export function describeBad(bad: readonly BadLine[]): string {
  const [first] = bad;
  const count = bad.length === 1 ? "1 line of the journal is" : `${bad.length} lines of the journal are`;
  return `${count} invalid and ignored; the first is line ${first?.line}: ${first?.why}.`;
}

/** The color and version it is about, if any. */
function aboutOf(record: JournalRecord): string {
  const color = "color" in record ? record.color : undefined;
  const version = "version" in record ? record.version : undefined;
  return joined(" ", color, version);
}

/** The details of an event; empty for most. */
function detailsOf(record: JournalRecord): string {
  switch (record.event) {
    case "failed":
      return record.error;
    case "begun":
      return record.step === "soak"
        ? joined(", ", `from ${record.from}`, `until ${record.until}`)
        : joined(", ", record.from !== null && `from ${record.from}`, record.strategy);
    case "step":
      return `${record.weight} % for ${record.seconds} s`;
    case "watched":
      return joined(" · ", record.kind, record.figures);
    case "withdrawing":
    case "reverting":
      return record.why;
    case "ended":
      return (
        joined(": ", record.outcome, record.why) +
        (record.incident === undefined ? "" : ` (incident ${record.incident})`)
      );
    case "retry":
      return `incident ${record.incident}`;
    default:
      return "";
  }
}

/** The parts that are there. */
function joined(between: string, ...parts: (string | false | null | undefined)[]): string {
  return parts.filter(Boolean).join(between);
}
