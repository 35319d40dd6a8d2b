import type { Color } from "../color.ts";
import { versionOf } from "../release/release.ts";
import { type JournalRecord, textOf } from "./records.ts";

/** A release that was taken back because it was at fault. It is refused until somebody says `retry`. */
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
  /** The step that took it back: `shift` or `soak`. */
  step: string;
}

/** The name of an incident. */
export function incidentId(at: Date, color: Color): string {
  const [day, time = ""] = at.toISOString().split("T");
  return `${day}-${time.slice(0, 8).replaceAll(":", "")}-${color}`;
}

/**
 * The open incident of a release that is to serve.
 * @param release where it is known; one that is of another version is not believed, since it is an older one's
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

/** The incidents that nobody has lifted, oldest first; the last one for each release. */
export function openIncidents(records: readonly JournalRecord[]): Incident[] {
  const open = new Map<string, Incident>();
  for (const record of records) {
    const { release = "", color, version = "", at, step, why, incident } = record;
    if (record.step === "order" && record.event === "retry") open.delete(release);
    if (record.event !== "ended" || typeof incident !== "string" || !color) continue;
    open.delete(release);
    open.set(release, { id: incident, at, color, version, release, why: textOf(why), step });
  }
  return [...open.values()];
}
