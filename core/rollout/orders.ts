import { command, GuardError } from "../errors.ts";
import type { OrderInput, OrderResult } from "../jobs/inputs.ts";
import { type ShiftUnderWay, shiftUnderWay, soakBegun, soakReverts } from "../journal/history.ts";
import { openIncidents } from "../journal/incidents.ts";
import type { JournalRecord, RecordOf } from "../journal/records.ts";

/** What an order applies to. */
export type OrderTarget = Pick<OrderResult, "of" | "color" | "version" | "release" | "incident">;

/**
 * Finds what an order applies to: `retry` to the newest open incident, the others to the rollout under way; `abort` also to
 * the soak.
 * @param found whether a job holds the journal's lock, whether a soak's job exists, and the stack
 * @throws GuardError when there is nothing it could apply to
 */
export function targetOf(
  order: OrderInput["order"],
  records: readonly JournalRecord[],
  found: { busy: boolean; soaks: boolean; stack: string },
): OrderTarget {
  const { stack } = found;
  if (order === "retry") return newestIncident(records, stack);
  const shift = found.busy ? shiftUnderWay(records) : null;
  if (shift) {
    refuse(order, shift, stack);
    return target("shift", shift.started);
  }
  const soak = order === "abort" && found.soaks ? soakBegun(records) : null;
  if (soak && soakReverts(records)) throw alreadyReversing(soak, stack);
  if (soak) return target("soak", soak);
  if (order === "abort")
    throw new GuardError(
      "No rollout and no soak is under way, so there is nothing to abort",
      `to roll back to the other color, run \`${command("rollback", stack)}\``,
    );
  throw new GuardError(
    `No rollout is under way, so there is nothing to ${order}`,
    `see \`${command("ops -- status", stack)}\` for the active color`,
  );
}

/** What was requested, and what happens next. */
export function describeOrder(result: Omit<OrderResult, "step" | "at">, stack: string): string {
  const release = `${result.color} ${result.version}`;
  const progress = `Progress: ${command("ops -- log", stack)}`;
  switch (result.order) {
    case "promote":
      return `Promote requested: the current step of ${release} ends and the next begins. ${progress}`;
    case "abort":
      return result.of === "soak"
        ? `Abort requested: the soak ends and ${release} is reverted. ${progress}`
        : `Abort requested: ${release} is withdrawn or reverted, and the update fails. ${progress}`;
    case "pause":
      return `Pause requested: ${release} keeps its share until you run: ${command("ops -- resume", stack)}`;
    case "resume":
      return `Resume requested: the time of the current step of ${release} counts again. ${progress}`;
    case "retry":
      return (
        `Incident ${result.incident} is closed. To deploy ${release} again: ` +
        command(`deploy -- ${result.version}`, stack)
      );
  }
}

function newestIncident(records: readonly JournalRecord[], stack: string): OrderTarget {
  const incident = openIncidents(records).at(-1);
  if (!incident)
    throw new GuardError(
      "No incident is open, so there is nothing to retry",
      `deploy: ${command("deploy -- VERSION", stack)}`,
    );
  const { color, version, release, id } = incident;
  return { of: "incident", color, version, release, incident: id };
}

/** Refuses an order that does not apply to a rollout in this phase. */
function refuse(order: OrderInput["order"], { started, phase, paused }: ShiftUnderWay, stack: string): void {
  if (phase === "reversing") throw alreadyReversing(started, stack);
  if (order === "abort") return;
  if (phase === "committed")
    throw new GuardError(
      `${named(started)} is committed and has all requests, so there is nothing to ${order}`,
      `to revert it while it is watched, run \`${command("ops -- abort", stack)}\``,
    );
  if (phase === "prepare")
    throw new GuardError(
      `The rollout of ${named(started)} has no step under way, so there is nothing to ${order}`,
      `wait for the first step of its canary, which \`${command("ops -- status", stack)}\` shows, ` +
        `or run \`${command("ops -- abort", stack)}\``,
    );
  if (order === "resume" && !paused) throw new GuardError(`${named(started)} is not paused`);
}

function alreadyReversing(record: Begun, stack: string): GuardError {
  return new GuardError(
    `${named(record)} is already being withdrawn or reverted`,
    `see \`${command("ops -- log", stack)}\` for why`,
  );
}

/** The record that a shift or a soak has begun with. */
type Begun = RecordOf<"shift", "started"> | RecordOf<"soak", "begun">;

function target(of: OrderTarget["of"], { color, version, release }: Begun): OrderTarget {
  return { of, color, version, release, incident: null };
}

function named({ color, version }: Begun): string {
  return `${color} ${version}`;
}
