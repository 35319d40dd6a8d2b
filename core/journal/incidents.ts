import type { Color } from "../color.ts";
import { versionOf } from "../release/release.ts";
import type { JournalRecord } from "./records.ts";

/** A release that was withdrawn or reverted because it was at fault. It is refused until an operator runs `ops retry`. */
export interface Incident {
  /** Its name, unique in the stack, such as `2026-11-22-0831-green`. */
  id: string;
  /** ISO 8601 in UTC. */
  at: string;
  color: Color;
  version: string;
  release: string;
  /** What was seen, with figures. */
  why: string;
  /** What withdrew or reverted it: `shift` or `soak`. */
  step: string;
}

/** The name of an incident. */
export function incidentId(at: Date, color: Color): string {
  const [day, time = ""] = at.toISOString().split("T");
  return `${day}-${time.slice(0, 8).replaceAll(":", "")}-${color}`;
}

/**
 * The open incident of a release that is to become active.
 * @param release where it is known; one of another version is ignored, since it belongs to an older release
 */
export function incidentOf(
  incidents: readonly Incident[],
  version: string,
  release: string | null | undefined,
): Incident | undefined {
  const known = release && versionOf(release) === version;
  return incidents.findLast((one) => (known ? one.release === release : one.version === version));
}

/** What happened, for the end of a sentence. */
export function describeIncident({ at, why, id }: Incident): string {
  return `at ${at}: ${why} (incident ${id})`;
}

/** The incidents that no operator has closed, oldest first; the last one for each release. */
export function openIncidents(records: readonly JournalRecord[]): Incident[] {
  const open = new Map<string, Incident>();
  for (const record of records) {
    if (record.step === "order" && record.event === "retry") open.delete(record.release);
    if (record.event !== "ended" || record.incident === undefined) continue;
    const { incident: id, at, color, version, release, why, step } = record;
    open.delete(release);
    open.set(release, { id, at, color, version, release, why: why ?? "", step });
  }
  return [...open.values()];
}
