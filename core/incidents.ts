import type { Color } from "./color.ts";
import type { JournalRecord } from "./records.ts";

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

/** The incidents that nobody has lifted, oldest first; the last one for each release. */
export function openIncidents(records: readonly JournalRecord[]): Incident[] {
  const open = new Map<string, Incident>();
  for (const record of records) {
    const { release = "", color, version = "", at, step, why, incident } = record;
    if (record.step === "order" && record.event === "retry") open.delete(release);
    if (record.event !== "ended" || typeof incident !== "string" || !color) continue;
    open.delete(release);
    open.set(release, { id: incident, at, color, version, release, why: String(why ?? ""), step });
  }
  return [...open.values()];
}
