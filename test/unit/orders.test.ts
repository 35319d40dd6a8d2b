import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { exitCode, GuardError } from "../../core/errors.ts";
import type { OrderInput } from "../../core/jobs/inputs.ts";
import type { JournalRecord } from "../../core/journal/records.ts";
import { describeOrder, targetOf } from "../../core/rollout/orders.ts";
import { order } from "../../jobs/commands/order.ts";
import type { JobContext } from "../../jobs/context.ts";
import { Journal } from "../../jobs/journal.ts";
import { firstMoment, green, journalWith, writeJournal } from "../support/records.ts";

type Order = OrderInput["order"];
const orders = ["promote", "abort", "pause", "resume"] as const;
const now = new Date(firstMoment + 60_000);
const soaks = true;
const preparing = journalWith(["shift started"]);
const inStep = journalWith(["shift started"], ["shift step", { weight: 5, seconds: 300 }]);
const paused = [...inStep, ...journalWith(["order pause"])];
const baking = [...inStep, ...journalWith(["shift committed"])];
const reversal = [...inStep, ...journalWith(["shift withdrawing", { why: "slow" }])];
const soaking = journalWith(["shift done"], ["soak begun", { until: "2026-11-22T08:30:00.000Z" }]);

test("what an order applies to", () => {
  const shift = { of: "shift", ...green, incident: null };
  const soak = { of: "soak", ...green, incident: null };
  const table: [Order, JournalRecord[], busy: boolean, object][] = [
    ["promote", inStep, true, shift],
    ["promote", paused, true, shift],
    ["pause", inStep, true, shift],
    ["resume", paused, true, shift],
    ["abort", preparing, true, shift],
    ["abort", inStep, true, shift],
    ["abort", baking, true, shift],
    ["abort", soaking, false, soak],
    // A step of another update holds the lock.
    ["abort", soaking, true, soak],
    // The next rollout has begun before the soak of the last one has ended.
    ["abort", [...soaking, ...inStep], true, shift],
  ];
  for (const [given, journal, busy, expected] of table)
    assert.deepEqual(targetOf(given, journal, { busy, soaks, stack: "dev" }), expected, given);
});

test("an order that does not apply now is refused with the reason", () => {
  const none = (given: Order) =>
    new GuardError(
      `No rollout is under way, so there is nothing to ${given}`,
      "see `npm run ops -- status` for the active color",
    );
  const nothingToAbort = new GuardError(
    "No rollout and no soak is under way, so there is nothing to abort",
    "to roll back to the other color, run `npm run rollback`",
  );
  const noStep = (given: Order) =>
    new GuardError(
      `The rollout of green 1.2.0 has no step under way, so there is nothing to ${given}`,
      "wait for the first step of its canary, which `npm run ops -- status` shows, or run `npm run ops -- abort`",
    );
  const past = (given: Order) =>
    new GuardError(
      `green 1.2.0 is committed and has all requests, so there is nothing to ${given}`,
      "to revert it while it is watched, run `npm run ops -- abort`",
    );
  const already = new GuardError(
    "green 1.2.0 is already being withdrawn or reverted",
    "see `npm run ops -- log` for why",
  );
  const table: [Order, JournalRecord[], busy: boolean, GuardError][] = [
    ...orders.flatMap((one): [Order, JournalRecord[], boolean, GuardError][] => [
      [one, [], false, one === "abort" ? nothingToAbort : none(one)],
      [one, journalWith(["backup started"]), true, one === "abort" ? nothingToAbort : none(one)],
      // The journal alone cannot tell: the job that began was killed, and the lock is free.
      [one, inStep, false, one === "abort" ? nothingToAbort : none(one)],
      [one, reversal, true, already],
    ]),
    ...(["promote", "pause", "resume"] as const).flatMap((one): [Order, JournalRecord[], boolean, GuardError][] => [
      [one, preparing, true, noStep(one)],
      [one, baking, true, past(one)],
      [one, soaking, false, none(one)],
    ]),
    ["resume", inStep, true, new GuardError("green 1.2.0 is not paused")],
    ["abort", [...soaking, ...journalWith(["soak ended"])], false, nothingToAbort],
    ["abort", [...soaking, ...journalWith(["soak reverting"])], false, already],
    [
      "retry",
      inStep,
      true,
      new GuardError("No incident is open, so there is nothing to retry", "deploy: npm run deploy -- VERSION"),
    ],
  ];
  for (const [given, journal, busy, expected] of table) {
    assert.throws(() => targetOf(given, journal, { busy, soaks, stack: "dev" }), expected, given);
    assert.equal(exitCode(expected), 3);
  }
});

test("a soak is aborted for as long as its job is there, whatever the clock says", () => {
  const late = journalWith(["soak begun", { until: "2026-11-22T07:50:00.000Z" }]);
  assert.equal(targetOf("abort", late, { busy: false, soaks: true, stack: "dev" }).of, "soak");
  assert.throws(() => targetOf("abort", late, { busy: false, soaks: false, stack: "dev" }), /no soak is under way/);
});

test("a refusal's command is for the stack", () => {
  const table: [Order, JournalRecord[], busy: boolean, todo: string][] = [
    ["abort", [], false, "to roll back to the other color, run `npm run rollback -- --stack prod`"],
    ["pause", [], false, "see `npm run ops -- status --stack prod` for the active color"],
    ["pause", baking, true, "to revert it while it is watched, run `npm run ops -- abort --stack prod`"],
    [
      "pause",
      preparing,
      true,
      "wait for the first step of its canary, which `npm run ops -- status --stack prod` shows, " +
        "or run `npm run ops -- abort --stack prod`",
    ],
    ["abort", reversal, true, "see `npm run ops -- log --stack prod` for why"],
    ["retry", [], false, "deploy: npm run deploy -- VERSION --stack prod"],
  ];
  for (const [given, journal, busy, todo] of table)
    assert.throws(() => targetOf(given, journal, { busy, soaks, stack: "prod" }), { name: "GuardError", todo });
});

test("retry applies to the newest open incident, whatever is under way", () => {
  const journal = journalWith(
    ["shift ended", { incident: "i-1", release: "1.1.0-11111111", version: "1.1.0", why: "slow" }],
    ["soak ended", { incident: "i-2", why: "errors" }],
  );
  const newest = { of: "incident", ...green, incident: "i-2" };
  for (const busy of [true, false]) assert.deepEqual(targetOf("retry", journal, { busy, soaks, stack: "dev" }), newest);
  const closed = [...journal, ...journalWith(["order retry", { incident: "i-2" }])];
  assert.equal(targetOf("retry", closed, { busy: false, soaks, stack: "dev" }).incident, "i-1");
});

test("what was requested and what happens next, with commands for the stack", () => {
  const about = { of: "shift", ...green, incident: null } as const;
  const table: [Parameters<typeof describeOrder>[0], stack: string, string][] = [
    [
      { ...about, order: "promote" },
      "dev",
      "Promote requested: the current step of green 1.2.0 ends and the next begins. Progress: npm run ops -- log",
    ],
    [
      { ...about, order: "abort" },
      "prod",
      "Abort requested: green 1.2.0 is withdrawn or reverted, and the update fails. " +
        "Progress: npm run ops -- log --stack prod",
    ],
    [
      { ...about, of: "soak", order: "abort" },
      "dev",
      "Abort requested: the soak ends and green 1.2.0 is reverted. Progress: npm run ops -- log",
    ],
    [
      { ...about, order: "pause" },
      "prod",
      "Pause requested: green 1.2.0 keeps its share until you run: npm run ops -- resume --stack prod",
    ],
    [
      { ...about, order: "resume" },
      "dev",
      "Resume requested: the time of the current step of green 1.2.0 counts again. Progress: npm run ops -- log",
    ],
    [
      { ...about, of: "incident", incident: "i-2", order: "retry" },
      "prod",
      "Incident i-2 is closed. To deploy green 1.2.0 again: npm run deploy -- 1.2.0 --stack prod",
    ],
  ];
  for (const [result, stack, expected] of table) assert.equal(describeOrder(result, stack), expected);
});

/** A job's world: a journal on the disk, and the time. */
function contextOf(t: TestContext, records: readonly JournalRecord[]): JobContext {
  const directory = mkdtempSync(join(tmpdir(), "turnout-order-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeJournal(directory, records);
  const journal = new Journal(directory, { operator: "grace", now: () => now });
  return { journal, docker: { soaks: async () => false } } as unknown as JobContext;
}

/** The last record, without what it says of the line before. */
async function lastOf({ journal }: JobContext) {
  const { prev: _prev, ...last } = (await journal.read()).records.at(-1) ?? {};
  return last;
}

test("an order is written into the journal while another job holds its lock", async (t) => {
  const context = contextOf(t, inStep);
  const release = await context.journal.lock(5);
  t.after(release);
  const input = { prefix: "turnout-dev", order: "pause" } as const;
  assert.deepEqual(await order(input, context), { order: "pause", of: "shift", ...green, incident: null });
  assert.deepEqual(await lastOf(context), {
    ...{ v: 2, at: now.toISOString(), step: "order", event: "pause", operator: "grace" },
    ...green,
  });
});

test("a shift whose job was killed accepts no orders, and nothing is recorded", async (t) => {
  const context = contextOf(t, inStep);
  const refused = order({ prefix: "turnout-prod", order: "abort" }, context);
  await assert.rejects(refused, /^GuardError: No rollout and no soak is under way.* rollback -- --stack prod`\.$/);
  assert.equal((await context.journal.read()).records.length, inStep.length);
  await (await context.journal.lock(0))();
});

test("retry closes an incident by its record", async (t) => {
  const context = contextOf(t, journalWith(["shift ended", { incident: "i-1", why: "slow" }]));
  const input = { prefix: "turnout-dev", order: "retry" } as const;
  assert.deepEqual(await order(input, context), { order: "retry", of: "incident", ...green, incident: "i-1" });
  assert.deepEqual(await lastOf(context), {
    ...{ v: 2, at: now.toISOString(), step: "order", event: "retry", operator: "grace", incident: "i-1" },
    ...green,
  });
  await assert.rejects(order(input, context), /^GuardError: No incident is open/);
});
