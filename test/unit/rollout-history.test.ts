import assert from "node:assert/strict";
import { test } from "node:test";
import { incidentId, openIncidents } from "../../core/journal/incidents.ts";
import type { JournalRecord } from "../../core/journal/records.ts";
import { isCompleted, isRollback, nextOrder, planOf, unfinished } from "../../core/rollout/history.ts";
import { canarySteps } from "../../core/rollout/plan.ts";
import { recordOf } from "../support/records.ts";

const target = { color: "green", release: "1.1.0-aaaaaaaa" } as const;
const other = { color: "blue", release: "1.0.0-bbbbbbbb" } as const;
let clock = 0;
const record = (step: string, event: string, detail: object = {}): JournalRecord =>
  recordOf(`${step} ${event}`, { at: new Date(clock++).toISOString(), ...detail });
const shift = (event: string, detail: object = {}) => record("shift", event, { ...target, ...detail });

test("a rollout is unfinished from its begin to its end, and names the color that was active", () => {
  assert.equal(unfinished([], target), null);
  const begun = [shift("begun", { from: "blue" }), shift("step", { weight: 5 })];
  assert.deepEqual(unfinished(begun, target), { from: "blue", reversal: null });
  const reversal = [...begun, shift("withdrawing", { why: "error rate 2 %", blame: true })];
  const left = { why: "error rate 2 %", blame: true, isRevert: false };
  assert.deepEqual(unfinished(reversal, target), { from: "blue", reversal: left });
  const reverting = [...begun, shift("reverting", { why: "error rate 2 %", blame: true })];
  assert.deepEqual(unfinished(reverting, target), { from: "blue", reversal: { ...left, isRevert: true } });
  assert.equal(unfinished([...reversal, shift("ended", { outcome: "reverted" })], target), null);
  assert.deepEqual(unfinished([shift("begun", { from: null })], target), { from: null, reversal: null });
});

test("a rollout that another one followed is not continued", () => {
  const records = [shift("begun", { from: "blue" }), record("shift", "begun", { ...other, from: "green" })];
  assert.equal(unfinished(records, target), null);
});

test("a rollout is completed when it ended committed and no other one followed", () => {
  const committed = [shift("begun"), shift("ended", { outcome: "committed" }), shift("done")];
  assert.equal(isCompleted(committed, target), true);
  assert.equal(isCompleted([], target), false);
  assert.equal(isCompleted(committed, { ...target, release: "1.1.0-cccccccc" }), false);
  assert.equal(isCompleted([shift("begun"), shift("ended", { outcome: "reverted" })], target), false);
  assert.equal(isCompleted([...committed, record("shift", "begun", other)], target), false);
});

test("a rollback needs no canary, but a release that was reverted has to prove itself again", () => {
  const committed = [shift("begun"), shift("ended", { outcome: "committed", blame: false })];
  assert.equal(isRollback(committed, target), true);
  assert.equal(isRollback(committed, other), false);
  assert.equal(isRollback([], target), false);
  const soaked = [
    ...committed,
    record("soak", "ended", { ...target, outcome: "reverted", incident: "i1", blame: true }),
  ];
  assert.equal(isRollback(soaked, target), false);
  const retried = [...soaked, record("order", "retry", { incident: "i1", release: target.release })];
  assert.equal(isRollback(retried, target), false);
  assert.equal(isRollback([...committed, record("soak", "ended", { ...target, outcome: "superseded" })], target), true);
});

test("what a rollout is to do", () => {
  const rollout = {
    ...{ steps: [...canarySteps], bake: 60, soak: 1800, hold: 300, skew: 300, drain: 900 },
    inconclusive: "promote" as const,
  };
  const asked = { ...target, epoch: "e1", strategy: "canary" as const, rollout };
  const plan = planOf(asked, { from: "blue", rollback: false });
  assert.deepEqual(plan, {
    ...{ target: "green", from: "blue", epoch: "e1", steps: canarySteps, bake: 60 },
    ...{ holdFor: 300, onInconclusive: "promote" },
  });
  assert.deepEqual(planOf({ ...asked, strategy: "blue-green" }, { from: "blue", rollback: false }).steps, []);
  for (const found of [
    { from: null, rollback: false },
    { from: "green" as const, rollback: false },
    { from: "blue" as const, rollback: true },
  ]) {
    const { steps, bake } = planOf(asked, found);
    assert.deepEqual({ steps, bake }, { steps: [], bake: 0 });
  }
});

test("orders are read once, in their order, from the moment they count", () => {
  const records = [
    record("order", "abort"),
    shift("begun"),
    record("order", "pause"),
    record("order", "retry"),
    record("order", "resume"),
  ];
  const first = nextOrder(records, 1);
  assert.deepEqual(first, { order: "pause", by: "ada", next: 3 });
  assert.deepEqual(nextOrder(records, first?.next ?? 0), { order: "resume", by: "ada", next: 5 });
  assert.equal(nextOrder(records, 5), null);
});

test("an incident is open until an operator runs retry", () => {
  const ended = shift("ended", {
    outcome: "withdrawn",
    blame: true,
    why: "error rate",
    incident: "i1",
    version: "1.1.0",
  });
  const { at } = ended;
  const incident = { id: "i1", at, ...target, version: "1.1.0", why: "error rate", step: "shift" };
  assert.deepEqual(openIncidents([ended]), [incident]);
  assert.deepEqual(openIncidents([ended, record("order", "retry", { release: other.release })]), [incident]);
  assert.deepEqual(openIncidents([ended, record("order", "retry", { release: target.release })]), []);
  assert.deepEqual(openIncidents([shift("ended", { outcome: "withdrawn", why: "aborted" })]), []);
  assert.equal(incidentId(new Date("2026-11-22T08:31:07.123Z"), "green"), "2026-11-22-083107-green");
});
