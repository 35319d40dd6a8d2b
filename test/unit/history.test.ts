import assert from "node:assert/strict";
import { test } from "node:test";
import { lastReverted, shiftUnderWay, soakUnderWay, stepUnderWay } from "../../core/journal/history.ts";
import { incidentOf, openIncidents } from "../../core/journal/incidents.ts";
import type { JournalRecord } from "../../core/journal/records.ts";
import { journalWith } from "../support/records.ts";

const canaryStep = { weight: 5, seconds: 300 };
const blue = { color: "blue", version: "1.0.0", release: "1.0.0-deadbeef" };

test("a shift is under way from its start to its end, in one of four phases", () => {
  const table: [journal: JournalRecord[], phase: string | undefined][] = [
    [[], undefined],
    [journalWith(["smoke started"], ["smoke done"]), undefined],
    [journalWith(["shift started"]), "prepare"],
    [journalWith(["shift started"], ["shift begun"]), "prepare"],
    [journalWith(["shift started"], ["shift step", canaryStep]), "step"],
    [journalWith(["shift started"], ["shift step", canaryStep], ["shift watched"]), "step"],
    [journalWith(["shift started"], ["shift step", canaryStep], ["shift committed"]), "committed"],
    [journalWith(["shift started"], ["shift committed"], ["shift watched"]), "committed"],
    [journalWith(["shift started"], ["shift step", canaryStep], ["shift withdrawing"]), "reversing"],
    [journalWith(["shift started"], ["shift committed"], ["shift reverting"]), "reversing"],
    [journalWith(["shift started"], ["shift committed"], ["shift ended"]), undefined],
    [journalWith(["shift started"], ["shift ended"], ["shift done"]), undefined],
    [journalWith(["shift started"], ["shift failed"]), undefined],
    // What runs beside a shift does not end it; the next update does.
    [journalWith(["shift started"], ["shift step", canaryStep], ["handover started"], ["soak started"]), "step"],
    [journalWith(["shift started"], ["shift step", canaryStep], ["edge-config started"]), undefined],
    // A job continues what the one before it has left.
    [journalWith(["shift started"], ["shift step", canaryStep], ["shift started"]), "prepare"],
    [journalWith(["shift started"], ["shift committed"], ["shift started"]), "committed"],
    [journalWith(["shift started"], ["shift withdrawing"], ["shift started"]), "reversing"],
    // Another release's is another rollout.
    [journalWith(["shift started", blue], ["shift committed", blue], ["shift started"]), "prepare"],
    [journalWith(["shift started"], ["shift committed"], ["shift ended"], ["shift started"]), "prepare"],
  ];
  for (const [journal, phase] of table)
    assert.equal(shiftUnderWay(journal)?.phase, phase, journal.map(({ event }) => event).join(" "));
});

test("the step of a canary that is under way, and whether its time stands still", () => {
  const journal = journalWith(
    ["shift started"],
    ["shift step", canaryStep],
    ["shift watched"],
    ["shift step", { seconds: 600 }],
  );
  assert.deepEqual(stepUnderWay(journal), { since: "2026-11-22T08:00:03.000Z", seconds: 600, paused: false });
  assert.equal(stepUnderWay(journalWith(["shift started"])), null);
  const orders: [string[], boolean][] = [
    [["order pause"], true],
    [["order pause", "order resume"], false],
    [["order pause", "order promote"], false],
    [["order resume", "order pause"], true],
    [["order retry"], false],
    [["order pause", "order abort"], true],
  ];
  for (const [given, paused] of orders)
    assert.equal(stepUnderWay([...journal, ...journalWith(...given.map((one): [string] => [one]))])?.paused, paused);
  const earlier = journalWith(["order pause"], ["shift started"], ["shift step", canaryStep]);
  assert.equal(stepUnderWay(earlier)?.paused, false, "an order to an earlier job");
});

test("a soak is under way until it has ended, or its time and a minute are over", () => {
  const until = "2026-11-22T08:30:00.000Z";
  const later = "2026-11-22T08:40:00.000Z";
  const begun = journalWith(["soak started"], ["soak begun", { until, from: "blue" }]);
  const expected = { color: "green", version: "1.2.0", until };
  const at = (time: string) => new Date(`2026-11-22T${time}Z`);
  const table: [JournalRecord[], Date, typeof expected | null][] = [
    [[], at("08:10:00"), null],
    [journalWith(["soak started"]), at("08:10:00"), null],
    [begun, at("08:10:00"), expected],
    [begun, at("08:31:00"), expected],
    [begun, at("08:31:01"), null],
    [[...begun, ...journalWith(["soak reverting"])], at("08:10:00"), expected],
    [[...begun, ...journalWith(["soak ended"])], at("08:10:00"), null],
    // Time in which it cannot watch does not count.
    [[...begun, ...journalWith(["soak watched", { until: later }])], at("08:41:00"), { ...expected, until: later }],
    [[...begun, ...journalWith(["soak watched", { until: later }])], at("08:41:01"), null],
    [[...begun, ...journalWith(["shift ended"])], at("08:10:00"), expected],
    [[...begun, ...journalWith(["soak ended"], ["soak begun", { until }])], at("08:10:00"), expected],
    [journalWith(["soak begun"]), at("08:10:00"), null],
  ];
  for (const [journal, now, found] of table) assert.deepEqual(soakUnderWay(journal, now), found);
});

test("the release that was withdrawn or reverted last, unless one was committed after it", () => {
  const rolledBack = { outcome: "reverted", why: "error rate 2.0 %", blame: true, incident: "i-1" };
  const reversed = {
    ...{ at: "2026-11-22T08:00:00.000Z", step: "shift", color: "green", version: "1.2.0" },
    ...{ why: "error rate 2.0 %", incident: "i-1" },
  };
  const table: [JournalRecord[], object | null][] = [
    [[], null],
    [journalWith(["shift ended", rolledBack]), reversed],
    [journalWith(["soak ended", rolledBack]), { ...reversed, step: "soak" }],
    [
      journalWith(["shift ended", { outcome: "withdrawn", why: "by hand" }]),
      { ...reversed, why: "by hand", incident: null },
    ],
    [journalWith(["shift ended", rolledBack], ["shift started"], ["shift step"]), reversed],
    [journalWith(["shift ended", rolledBack], ["shift committed"]), null],
    [journalWith(["shift ended", rolledBack], ["shift ended", { outcome: "committed" }]), null],
    // The end of a superseded soak neither reverts nor commits anything.
    [journalWith(["shift ended", rolledBack], ["soak ended", { outcome: "superseded" }]), reversed],
  ];
  for (const [journal, expected] of table) assert.deepEqual(lastReverted(journal), expected);
});

test("an incident is known by its release where that is known, else by its version", () => {
  const journal = journalWith(
    ["shift ended", { release: "1.2.0-aaaaaaaa", incident: "i-1", why: "slow" }],
    ["shift ended", { release: "1.2.0-bbbbbbbb", incident: "i-2", why: "slow" }],
    ["shift ended", { release: "1.3.0-cccccccc", version: "1.3.0", incident: "i-3", why: "slow" }],
  );
  const table: [version: string, release: string | null | undefined, id: string | undefined][] = [
    ["1.2.0", "1.2.0-aaaaaaaa", "i-1"],
    ["1.2.0", "1.2.0-dddddddd", undefined],
    ["1.2.0", undefined, "i-2"],
    ["1.2.0", null, "i-2"],
    ["1.2.0", "1.3.0-cccccccc", "i-2"],
    ["1.1.0", "1.3.0-cccccccc", undefined],
    ["1.1.0", null, undefined],
  ];
  const open = openIncidents(journal);
  for (const [version, release, id] of table) assert.equal(incidentOf(open, version, release)?.id, id);
  const closed = openIncidents([...journal, ...journalWith(["order retry", { release: "1.2.0-bbbbbbbb" }])]);
  assert.deepEqual(
    closed.map((one) => one.id),
    ["i-1", "i-3"],
  );
});
