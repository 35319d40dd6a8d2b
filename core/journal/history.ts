import type { Color } from "../color.ts";
import { type JournalRecord, kindOf, type RecordOf } from "./records.ts";

/** The journal's history of rollouts: the one under way, the soak, the last one that was withdrawn or reverted. */

/** A shift that has begun and not ended. Whether its job still lives is known by the journal's lock alone. */
export interface ShiftUnderWay {
  /** The record of its job's start. */
  started: RecordOf<"shift", "started">;
  /**
   * `step`: a step of a canary is under way. `committed`: the release has all requests and is watched. `reversing`: it is
   * withdrawn or reverted.
   */
  phase: "prepare" | "step" | "committed" | "reversing";
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

/** A release that was withdrawn or reverted. */
export interface RevertedRelease {
  at: string;
  /** What withdrew or reverted it: `shift` or `soak`. */
  step: string;
  color: Color;
  version: string;
  why: string;
  /** The name of its incident; null when the release was not to blame. */
  incident: string | null;
}

/** Jobs that may start while a shift is under way; the start of any other one means that the shift's job is gone. */
const beside = ["handover", "soak", "sweep"];

/** Seconds a soak may take to end after its time. */
const soakGrace = 60;

type ShiftRecord = RecordOf<"shift">;

/** The shift that has begun last, if it has not ended. */
export function shiftUnderWay(records: readonly JournalRecord[]): ShiftUnderWay | null {
  const at = records.findLastIndex((record) => {
    const { step, event } = kindOf(record);
    return event === "started" && !beside.includes(step);
  });
  const started = records[at];
  if (started?.step !== "shift" || started.event !== "started") return null;
  const since = records.slice(at + 1);
  const job = shiftsOf(since);
  if (job.some(({ event }) => event === "ended" || event === "done" || event === "failed")) return null;
  return { started, phase: phaseOf(rolloutOf(records, started), job), paused: isPaused(since) };
}

/** The step of a canary that is under way; null when there is none. */
export function stepUnderWay(records: readonly JournalRecord[]): CanaryStep | null {
  const shift = shiftUnderWay(records);
  if (shift?.phase !== "step") return null;
  const record = records.findLast((one) => one.step === "shift" && one.event === "step");
  return record ? { since: record.at, seconds: record.seconds, paused: shift.paused } : null;
}

/** The record that the last soak has begun with, if it has not ended. Whether its job still lives is not known by it. */
export function soakBegun(records: readonly JournalRecord[]): RecordOf<"soak", "begun"> | null {
  const soak = lastSoak(records);
  return soak?.rest.some(({ event }) => event === "ended") ? null : (soak?.begun ?? null);
}

/** Whether the last soak is reverting its release. */
export function soakReverts(records: readonly JournalRecord[]): boolean {
  return lastSoak(records)?.rest.some(({ event }) => event === "reverting") ?? false;
}

/** The soak that is under way; null when there is none. */
export function soakUnderWay(records: readonly JournalRecord[], now: Date): SoakUnderWay | null {
  const soak = lastSoak(records);
  if (!soak || soak.rest.some(({ event }) => event === "ended")) return null;
  const { begun, rest } = soak;
  // It counts no time in which it cannot watch, so a later record may have another end.
  const { until } = rest.findLast((one) => one.event === "watched") ?? begun;
  const isLate = Date.parse(until) + soakGrace * 1000 < now.getTime();
  return isLate ? null : { color: begun.color, version: begun.version, until };
}

/** The release that was withdrawn or reverted last; null when one was committed after it. */
export function lastReverted(records: readonly JournalRecord[]): RevertedRelease | null {
  const last = records.findLast(
    (one) =>
      (one.step === "shift" && (one.event === "committed" || one.event === "ended")) ||
      // A soak that something else superseded has neither reverted nor committed anything.
      (one.step === "soak" && one.event === "ended" && one.outcome !== "superseded"),
  );
  if (last?.event !== "ended" || last.outcome === "committed") return null;
  const { at, step, color, version, why, incident } = last;
  return { at, step, color, version, why: why ?? "", incident: incident ?? null };
}

/** What all jobs of the same rollout have written; an interrupted one is continued by the next. */
function rolloutOf(records: readonly JournalRecord[], started: ShiftUnderWay["started"]): ShiftRecord[] {
  const shifts = shiftsOf(records);
  const before = shifts.findLastIndex(({ event, release }) => event === "ended" || release !== started.release);
  return shifts.slice(before + 1);
}

function phaseOf(rollout: readonly ShiftRecord[], job: readonly ShiftRecord[]): ShiftUnderWay["phase"] {
  if (rollout.some(({ event }) => event === "withdrawing" || event === "reverting")) return "reversing";
  if (rollout.some(({ event }) => event === "committed")) return "committed";
  return job.some(({ event }) => event === "step") ? "step" : "prepare";
}

function isPaused(records: readonly JournalRecord[]): boolean {
  const order = records.findLast(
    (one) => one.step === "order" && (one.event === "pause" || one.event === "resume" || one.event === "promote"),
  );
  return order?.event === "pause";
}

function shiftsOf(records: readonly JournalRecord[]): ShiftRecord[] {
  return records.filter((one) => one.step === "shift");
}

/** The last soak: the record it began with, and those after it. */
function lastSoak(records: readonly JournalRecord[]) {
  const soaks = records.filter((one) => one.step === "soak");
  const at = soaks.findLastIndex(({ event }) => event === "begun");
  const begun = soaks[at];
  return begun?.event === "begun" ? { begun, rest: soaks.slice(at + 1) } : null;
}
