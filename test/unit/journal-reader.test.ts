import assert from "node:assert/strict";
import { test } from "node:test";
import { lastReverted, shiftUnderWay, soakBegun, soakReverts, soakUnderWay } from "../../core/journal/history.ts";
import { openIncidents } from "../../core/journal/incidents.ts";
import { readJournal, readRecords } from "../../core/journal/reader.ts";
import { type JournalRecord, lineOf, recordSchemas } from "../../core/journal/records.ts";
import { describeBad, describeRecord } from "../../core/journal/text.ts";
import { isCompleted, isRollback, nextOrder, unfinished } from "../../core/rollout/history.ts";
import { everyOldRecord, old, oldRollout } from "../support/old-journal.ts";
import { eventOf, recordOf } from "../support/records.ts";

const aim = { color: "green", release: "1.1.0-0badcafe" } as const;
const now = new Date("2026-11-22T08:10:00.000Z");
const kinds = (records: readonly JournalRecord[]) => records.map(({ step, event }) => `${step} ${event}`);

test("every kind of record of 0.1.0 and 0.2.0 is read, in today's words", () => {
  const { records, bad } = readRecords(everyOldRecord);
  assert.deepEqual(bad, []);
  assert.deepEqual(kinds(records), [
    ...["edge-config started", "edge-config done", "backup started", "backup done", "migration started"],
    ...["migrated done", "migration done", "workers started", "workers done", "smoke started", "smoke failed"],
    ...["smoke done", "shift started", "shift begun", "shift step", "order pause", "order resume", "order promote"],
    ...["shift watched", "shift committing", "shift committed", "handover started", "shift watched", "shift ended"],
    ...["shift done", "handover done", "soak begun", "soak watched", "order abort", "soak reverting", "soak ended"],
    "order retry",
  ]);
  for (const record of records) {
    assert.equal(record.v, 2);
    assert.equal(record.prev, undefined);
    assert.doesNotMatch(JSON.stringify(record), /trial|undoing|rolled-back|held-back|awake|returning/);
  }
  const begun = records.find((one) => one.step === "shift" && one.event === "begun");
  assert.deepEqual([begun?.from, begun?.strategy, begun?.rollback], ["blue", "canary", false]);
  const workers = records.find((one) => one.step === "workers" && one.event === "done");
  assert.equal(workers?.running, false);
  const seen = records.find((one) => one.step === "shift" && one.event === "watched");
  assert.equal(seen?.stage, "step 0");
});

test("a record of before that is upgraded is read again as it is", () => {
  const { records } = readRecords(everyOldRecord);
  assert.deepEqual(readRecords(JSON.parse(JSON.stringify(records))).records, records);
});

test("the history of an old journal is what it was to the release that wrote it", () => {
  const reversal = { why: "error rate 5.0 %", blame: true };
  const incident = ["i-1"];
  type Expected = {
    phase?: string;
    left?: { isRevert: boolean } | null;
    reverted?: [outcome: string, incident: string | null] | null;
    open?: string[];
    completed?: boolean;
    rollback?: boolean;
  };
  const table: [name: string, lines: object[], Expected][] = [
    ["a canary's step", oldRollout(), { phase: "step", left: null }],
    ["withdrawing", oldRollout(old.breach, old.undoing), { phase: "reversing", left: { isRevert: false } }],
    ["reverting", oldRollout(old.committed, old.undoing), { phase: "reversing", left: { isRevert: true } }],
    ["in the bake", oldRollout(old.committed), { phase: "committed", left: null }],
    [
      "withdrawn, at fault",
      oldRollout(old.undoing, old.rolledBack),
      { reverted: ["withdrawn", "i-1"], open: incident, completed: false, rollback: false },
    ],
    [
      "reverted, at fault",
      oldRollout(old.committed, old.undoing, old.rolledBack),
      { reverted: ["reverted", "i-1"], open: incident, completed: false, rollback: false },
    ],
    ["withdrawn without blame", oldRollout(old.heldBack), { reverted: ["withdrawn", null], rollback: false }],
    ["reverted without blame", oldRollout(old.committed, old.heldBack), { reverted: ["reverted", null] }],
    [
      "committed",
      oldRollout(old.committed, old.wentWell),
      { reverted: null, open: [], completed: true, rollback: true },
    ],
    [
      "another rollout's commit is not this one's",
      [...oldRollout(old.committed, old.wentWell), ...oldRollout(old.undoing, old.rolledBack)],
      { reverted: ["withdrawn", "i-1"], open: incident },
    ],
    [
      "its soak superseded",
      oldRollout(old.committed, old.wentWell, old.soak, old.superseded),
      { reverted: null, completed: true, rollback: true },
    ],
    [
      "reverted by its soak",
      oldRollout(old.committed, old.wentWell, old.soak, { ...old.rolledBack, step: "soak", soak: "s1" }),
      { reverted: ["reverted", "i-1"], open: incident, rollback: false },
    ],
  ];
  for (const [name, lines, expected] of table) {
    const { records, bad } = readRecords(lines);
    assert.deepEqual(bad, [], name);
    assert.equal(shiftUnderWay(records)?.phase, expected.phase, name);
    if (expected.left !== undefined) {
      const left = expected.left && { ...reversal, ...expected.left };
      assert.deepEqual(unfinished(records, aim), { from: "blue", reversal: left }, name);
    }
    if (expected.reverted !== undefined) {
      const [outcome, named] = expected.reverted ?? [];
      assert.equal(lastReverted(records)?.incident, named, name);
      const ended = records.findLast((one) => one.event === "ended");
      if (outcome) assert.equal(ended?.event === "ended" && ended.outcome, outcome, name);
    }
    if (expected.open)
      assert.deepEqual(
        openIncidents(records).map(({ id }) => id),
        expected.open,
        name,
      );
    if (expected.completed !== undefined) assert.equal(isCompleted(records, aim), expected.completed, name);
    if (expected.rollback !== undefined) assert.equal(isRollback(records, aim), expected.rollback, name);
  }
});

test("an old journal's soak and orders are found", () => {
  const soaking = readRecords(oldRollout(old.committed, old.wentWell, old.soak)).records;
  assert.equal(soakBegun(soaking)?.soak, "s1");
  assert.deepEqual(soakUnderWay(soaking, now), {
    ...{ color: "green", version: "1.1.0", until: "2026-11-22T08:30:00.000Z" },
  });
  assert.equal(soakReverts(soaking), false);
  const reverting = readRecords(oldRollout(old.committed, old.wentWell, old.soak, old.soakUndoing)).records;
  assert.equal(soakReverts(reverting), true);
  const { records } = readRecords(everyOldRecord);
  const orders: string[] = [];
  for (let next = nextOrder(records, 0); next; next = nextOrder(records, next.next)) orders.push(next.order);
  assert.deepEqual(orders, ["pause", "resume", "promote", "abort"]);
});

test("lines that are no records are counted with their number and what is wrong, and stop nothing", () => {
  const good = JSON.stringify({ v: 2, at: "2026-11-22T08:00:00.000Z", operator: "ada", ...eventOf("shift started") });
  const badHex = good.replace("}", ',"prev":"xyz"}');
  const lines = ["null", good, "", "garbage", "[]", "1", good.replace('"green"', '"red"'), badHex, good.slice(0, 40)];
  const { records, bad } = readJournal(Buffer.from(lines.join("\n")));
  assert.deepEqual(kinds(records), ["shift started"]);
  assert.deepEqual(
    bad.map(({ line }) => line),
    [1, 4, 5, 6, 7, 8, 9],
  );
  assert.equal(bad[1]?.why, "is not JSON");
  assert.match(bad[4]?.why ?? "", /^shift started: color: /);
  assert.equal(
    describeBad(bad.slice(1)),
    "6 lines of the journal are invalid and ignored; the first is line 4: is not JSON.",
  );
  assert.match(describeBad(bad.slice(0, 1)), /^1 line of the journal is invalid and ignored; the first is line 1: /);
});

test("records of a newer program: more fields are ignored, another step or event is kept as it is", () => {
  const about = { v: 3, at: "2026-11-22T08:00:00.000Z", operator: "ada" };
  const more = { ...about, ...eventOf("shift committed"), region: "eu" };
  const drill = { ...about, step: "drill", event: "done", color: "green", version: "1.1.0", took: 5 };
  const changed = { ...about, ...eventOf("smoke done"), checks: { passed: 3 } };
  const { records, bad } = readRecords([more, drill, changed]);
  assert.deepEqual(bad, []);
  assert.deepEqual(kinds(records), ["shift committed", "unknown unknown", "unknown unknown"]);
  assert.deepEqual(records.slice(1).map(lineOf), [drill, changed]);
  assert.match(describeRecord(records[1] as JournalRecord), /Z {2}drill {7}done {8}green 1\.1\.0 by ada$/);
  assert.deepEqual(readRecords(records.map(lineOf)).records, records, "it is read again as it was");
  const started = { ...about, step: "drill", event: "started" };
  const shift = [recordOf("shift started")];
  assert.equal(shiftUnderWay([...shift, ...readRecords([started]).records]), null, "another job has started since");
});

test("no two records have the same step and event", () => {
  const names = recordSchemas.map(({ shape }) => `${shape.step.value} ${shape.event.value}`);
  assert.equal(new Set(names).size, names.length);
});
