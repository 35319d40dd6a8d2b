import { command, GuardError } from "../errors.ts";
import type { OrderInput, OrderResult } from "../jobs/inputs.ts";
import { type ShiftUnderWay, shiftUnderWay, soakBegun, soakReverts } from "../journal/history.ts";
import { openIncidents } from "../journal/incidents.ts";
import type { JournalRecord, RecordOf } from "../journal/records.ts";

/** What an order is about. */
export type OrderTarget = Pick<OrderResult, "of" | "color" | "version" | "release" | "incident">;

/**
 * Finds what an order is about: `retry` the newest open incident, the others the change of color that is under way;
 * `abort` also the soak.
 * @param found whether somebody holds the journal's lock, whether a soak's job is there, and the stack it is about
 * @throws GuardError when there is nothing the order could mean
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
  if (soak && soakReverts(records)) throw takenBackAlready(soak, stack);
  if (soak) return target("soak", soak);
  if (order === "abort")
    throw new GuardError(
      "No change of color is under way and no soak watches one, so there is nothing to abort",
      `to go back to the other color, use \`${command("rollback", stack)}\``,
    );
  throw new GuardError(
    `No change of color is under way, so there is nothing to ${order}`,
    `see \`${command("ops -- status", stack)}\` for who serves`,
  );
}

/** What was asked, and what happens next. */
export function describeOrder(result: Omit<OrderResult, "step" | "at">, stack: string): string {
  const release = `${result.color} ${result.version}`;
  const watch = `see it with: ${command("ops -- log", stack)}`;
  switch (result.order) {
    case "promote":
      return `Asked to promote ${release}: the step under way ends and the next begins; ${watch}`;
    case "abort":
      return result.of === "soak"
        ? `Asked to abort the soak: ${release} is taken back; ${watch}`
        : `Asked to abort: ${release} is taken back, and the update fails; ${watch}`;
    case "pause":
      return `Asked to pause: ${release} keeps its share until you say: ${command("ops -- resume", stack)}`;
    case "resume":
      return `Asked to go on with ${release}: the time of its step counts again; ${watch}`;
    case "retry":
      return (
        `The incident ${result.incident} is lifted: ${release} may be tried again: ` +
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

/** What an order cannot do to a change of color in this phase. */
function refuse(order: OrderInput["order"], { started, phase, paused }: ShiftUnderWay, stack: string): void {
  if (phase === "reversing") throw takenBackAlready(started, stack);
  if (order === "abort") return;
  if (phase === "committed")
    throw new GuardError(
      `${named(started)} is past its steps and has all requests, so there is nothing to ${order}`,
      `to take it back while it is watched, say \`${command("ops -- abort", stack)}\``,
    );
  if (phase === "prepare")
    throw new GuardError(
      `The change to ${named(started)} has no step under way that one could ${order}`,
      `wait for the first step of its canary, which \`${command("ops -- status", stack)}\` shows, ` +
        `or say \`${command("ops -- abort", stack)}\``,
    );
  if (order === "resume" && !paused) throw new GuardError(`${named(started)} is not paused`);
}

function takenBackAlready(record: Begun, stack: string): GuardError {
  return new GuardError(
    `${named(record)} is being taken back already`,
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
