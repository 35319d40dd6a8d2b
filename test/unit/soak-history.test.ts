import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { connectionString, parseConnectionString } from "../../core/jobs/database-address.ts";
import type { JournalRecord } from "../../core/journal/records.ts";
import { isOurs, openSoak, type SoakHistory, soakHistory } from "../../core/rollout/soak.ts";
import { recordOf } from "../support/records.ts";

const record = (event: string, more: object = {}): JournalRecord => recordOf(`soak ${event}`, more);
const begun = record("begun", { epoch: "e1", from: "blue" });
const shift = recordOf("shift ended");

test("the history of a soak", () => {
  const fresh: SoakHistory = { epoch: "e1", revertEpoch: "soak-soak-1", watched: 0, reversal: null, ended: false };
  const table: [name: string, records: JournalRecord[], history: SoakHistory | null][] = [
    ["not begun", [shift], null],
    ["another one", [record("begun", { epoch: "e1", from: "blue", soak: "soak-0" })], null],
    ["just begun", [shift, begun], fresh],
    [
      "watching",
      [shift, begun, record("watched", { elapsed: 60 }), record("watched", { elapsed: 120 })],
      { ...fresh, watched: 120 },
    ],
    [
      "reverting",
      [shift, begun, record("reverting", { why: "5 % errors", blame: true })],
      { ...fresh, reversal: { why: "5 % errors", blame: true } },
    ],
    ["ended", [shift, begun, record("ended")], { ...fresh, ended: true }],
    ["what another one did is not its own", [shift, begun, record("ended", { soak: "soak-0" }), shift], fresh],
  ];
  for (const [name, records, history] of table) assert.deepEqual(soakHistory(records, "soak-1"), history, name);
});

test("the soak that is under way is the last one, until it has ended", () => {
  const next = record("begun", { epoch: "e1", from: "blue", soak: "soak-2" });
  assert.equal(openSoak([]), null);
  assert.equal(openSoak([begun, shift]), begun);
  assert.equal(openSoak([begun, record("ended")]), null);
  assert.equal(openSoak([begun, next]), next);
  assert.equal(openSoak([begun, next, record("ended")]), next, "the end of an earlier one");
  assert.equal(openSoak([begun, next, record("ended", { soak: "soak-2" })]), null);
});

test("the active color is the one of this soak, or another operation has changed it", () => {
  const soak = { color: "green", from: { color: "blue" } } as const;
  const watching: SoakHistory = { epoch: "e1", revertEpoch: "soak-soak-1", watched: 0, reversal: null, ended: false };
  const reversal: SoakHistory = { ...watching, reversal: { why: "", blame: true } };
  const table: ["blue" | "green" | null, string, SoakHistory, boolean][] = [
    ["green", "e1", watching, true],
    ["green", "e9", watching, false],
    ["green", "e1", reversal, true],
    ["blue", "soak-soak-1", reversal, true],
    ["blue", "soak-soak-1", watching, true],
    ["blue", "e1", watching, false],
    ["blue", "e9", reversal, false],
    [null, "e1", watching, false],
  ];
  for (const [committed, epoch, history, ours] of table)
    assert.equal(isOurs({ committed, epoch }, soak, history), ours, `${committed} ${epoch}`);
});

test("a connection string is read as it was written, whatever the password", () => {
  const text = fc.string({ minLength: 1, maxLength: 20, unit: "binary" });
  const address = fc.record({
    host: fc.constantFrom("tasks.turnout-dev-db", "db.example.org"),
    port: fc.integer({ min: 1, max: 65_535 }),
    name: fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/),
    ...{ user: text, password: text },
    sslmode: fc.constantFrom("disable", "require", "verify-full"),
  });
  fc.assert(
    fc.property(address, (one) => assert.deepEqual(parseConnectionString(`${connectionString(one)}\n`), { ...one })),
  );
});
