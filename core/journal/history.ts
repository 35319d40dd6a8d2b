import type { Color } from "../color.ts";
import { type JournalRecord, textOf } from "./records.ts";

/** What the journal says of changes of color: the one under way, the soak, the last one that was taken back. */

/** A shift that has begun and not ended. Whether its job still lives is told by the journal's lock alone. */
export interface ShiftUnderWay {
  /** The record of its job's start; it names color, version and release. */
  started: JournalRecord;
  /** `trial`: a step of a canary is under way. `committed`: the release has all requests and is watched. */
  phase: "prepare" | "trial" | "committed" | "undoing";
  /** A person has stopped its time. */
  paused: boolean;
}

/** The step of a canary that is under way. */
export interface CanaryStep {
  /** ISO 8601 in UTC. */
  since: string;
  /** How long it is watched, in seconds, not counting time on hold. */
  seconds: number;
  paused: boolean;
}

/** A release that is watched after its update has returned. */
export interface SoakUnderWay {
  color: Color;
  version: string;
  /** ISO 8601 in UTC. */
  until: string;
}

/** A release that was taken back. */
export interface RevertedRelease {
  at: string;
  /** What took it back: `shift` or `soak`. */
  step: string;
  color: Color;
  version: string;
  why: string;
  /** The name of its incident; null when the release was not to blame. */
  incident: string | null;
}

/** Steps that may begin while a shift is under way; the start of any other one means that the shift's job is gone. */
const beside = ["handover", "soak", "sweep"];

/** Seconds a soak may take to end after its time. */
const soakGrace = 60;

/** The shift that has begun last, if it has not ended. */
export function shiftUnderWay(records: readonly JournalRecord[]): ShiftUnderWay | null {
  const at = records.findLastIndex(({ step, event }) => event === "started" && !beside.includes(step));
  const started = records[at];
  if (started?.step !== "shift") return null;
  const since = records.slice(at + 1);
  const events = since.filter(({ step }) => step === "shift").map(({ event }) => event);
  if (events.some((event) => ["ended", "done", "failed"].includes(event))) return null;
  return { started, phase: phaseOf(rolloutEvents(records, started), events), paused: isPaused(since) };
}

/** The step of a canary that is under way; null when there is none. */
export function stepUnderWay(records: readonly JournalRecord[]): CanaryStep | null {
  const shift = shiftUnderWay(records);
  if (shift?.phase !== "trial") return null;
  const record = records.findLast(({ step, event }) => step === "shift" && event === "trial");
  return record ? { since: record.at, seconds: Number(record.seconds ?? 0), paused: shift.paused } : null;
}

/** The record that the last soak has begun with, if it has not ended. Whether its job still lives is not known by it. */
export function soakBegun(records: readonly JournalRecord[]): JournalRecord | null {
  const soak = lastSoak(records);
  return soak.some(({ event }) => event === "ended") ? null : (soak[0] ?? null);
}

/** Whether the last soak is taking its release back. */
export function soakReverts(records: readonly JournalRecord[]): boolean {
  return lastSoak(records).some(({ event }) => event === "undoing");
}

/** The soak that is under way; null when there is none. */
export function soakUnderWay(records: readonly JournalRecord[], now: Date): SoakUnderWay | null {
  const begun = soakBegun(records);
  const isLate = endOf(lastSoak(records)) + soakGrace * 1000 < now.getTime();
  if (!begun?.color || isLate) return null;
  return { color: begun.color, version: begun.version ?? "", until: textOf(lastSoak(records).findLast(hasEnd)?.until) };
}

/** The release that was taken back last; null when one was committed after it. */
export function lastReverted(records: readonly JournalRecord[]): RevertedRelease | null {
  const last = records.findLast(
    (record) => record.event === "committed" || (record.event === "ended" && isOutcome(record)),
  );
  if (!last?.color || last.event === "committed" || last.outcome === "committed") return null;
  const { at, step, color, version = "", why, incident } = last;
  return { at, step, color, version, why: textOf(why), incident: typeof incident === "string" ? incident : null };
}

/** What all jobs of the same rollout have written; one that was cut short is gone on with by the next. */
function rolloutEvents(records: readonly JournalRecord[], started: JournalRecord): string[] {
  const shifts = records.filter(({ step }) => step === "shift");
  const before = shifts.findLastIndex(({ event, release }) => event === "ended" || release !== started.release);
  return shifts.slice(before + 1).map(({ event }) => event);
}

function phaseOf(rollout: readonly string[], job: readonly string[]): ShiftUnderWay["phase"] {
  if (rollout.includes("undoing")) return "undoing";
  if (rollout.includes("committed")) return "committed";
  return job.includes("trial") ? "trial" : "prepare";
}

function isPaused(records: readonly JournalRecord[]): boolean {
  const order = records.findLast(
    ({ step, event }) => step === "order" && ["pause", "resume", "promote"].includes(event),
  );
  return order?.event === "pause";
}

/** The last soak's records, from its beginning on. */
function lastSoak(records: readonly JournalRecord[]): JournalRecord[] {
  const soaks = records.filter(({ step }) => step === "soak");
  const at = soaks.findLastIndex(({ event }) => event === "begun");
  return at < 0 ? [] : soaks.slice(at);
}

/** When a soak is to end, in milliseconds. It counts no time in which it cannot watch, so every record may say it anew. */
function endOf(soak: readonly JournalRecord[]): number {
  return Date.parse(textOf(soak.findLast(hasEnd)?.until)) || 0;
}

function hasEnd({ until }: JournalRecord): boolean {
  return textOf(until) !== "";
}

/** Whether a shift or a soak has ended in one of its ways; a soak that somebody else's change ended has not. */
function isOutcome({ outcome }: JournalRecord): boolean {
  return ["committed", "rolled-back", "held-back"].includes(textOf(outcome));
}
