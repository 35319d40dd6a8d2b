import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { StepError } from "../../core/errors.ts";
import { verifyChain } from "../../core/journal/chain.ts";
import type { JobContext } from "../../jobs/context.ts";
import { Journal } from "../../jobs/journal.ts";
import { recorded } from "../../jobs/recorded.ts";
import { green } from "../support/records.ts";
import { ShiftWorld } from "../support/shift-world.ts";

const at = "2026-11-22T08:00:00.000Z";

function contextIn(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "turnout-recorded-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const now = () => new Date(at);
  const journal = new Journal(directory, { operator: "ada", now });
  let clock = 0;
  const context = { journal, now, monotonic: () => (clock += 1_500) } as unknown as JobContext;
  const file = () => readFileSync(join(directory, "journal.jsonl"));
  const records = async () => (await journal.read()).records.map(({ prev: _prev, ...rest }) => rest);
  return { context, file, records };
}

test("a shift is recorded from its start to its result, which has the head of the chain", async (t) => {
  const { context, file, records } = contextIn(t);
  const input = new ShiftWorld().input({ ...green, epoch: "e1" });
  const made = { from: "blue", color: "green", release: green.release } as const;
  const result = await recorded("shift", input, context, async () => made);
  const { head, chained } = verifyChain(file(), null);
  assert.deepEqual(result, { step: "shift", at, ...made, journalHead: head });
  assert.equal(chained, 2);
  const about = { v: 2, at, step: "shift", operator: "ada", ...green, epoch: "e1" };
  assert.deepEqual(await records(), [
    { ...about, event: "started" },
    { ...about, event: "done", took: 1_500, from: "blue" },
  ]);
});

test("a step that fails is recorded with its sentence, and fails", async (t) => {
  const { context, records } = contextIn(t);
  const input = { prefix: "turnout-dev", color: "blue", release: green.release } as const;
  const workers = { workers: { blue: [], green: [] }, workerGrace: 1, timeout: 1 };
  const failing = recorded("handover", { ...input, ...workers }, context, async () => {
    throw new StepError("The workers did not settle", "retry");
  });
  await assert.rejects(failing, /^StepError: The workers did not settle/);
  const about = { v: 2, at, step: "handover", operator: "ada", color: "blue", release: green.release };
  assert.deepEqual(await records(), [
    { ...about, event: "started" },
    { ...about, event: "failed", took: 1_500, error: "The workers did not settle. Retry." },
  ]);
});
