import assert from "node:assert/strict";
import { test } from "node:test";
import { StepError } from "../../core/errors.ts";
import { until } from "../../jobs/until.ts";

/** A clock that only sleeping moves. */
function fakeTime() {
  let now = 0;
  const slept: number[] = [];
  const sleep = async (milliseconds: number) => {
    slept.push(milliseconds);
    now += milliseconds;
  };
  return { now: () => new Date(now), monotonic: () => now, sleep, slept };
}

test("until asks until the answer is true", async () => {
  const time = fakeTime();
  const answers = ["1 of 2 ready", "2 of 2 ready, not yet asked", true as const];
  await until(time, "green is not ready", { timeout: 10 }, async () => answers.shift() ?? "asked too often");
  assert.deepEqual(answers, []);
  assert.deepEqual(time.slept, [200, 200]);
});

test("until fails with the last answer", async () => {
  const time = fakeTime();
  let asked = 0;
  await assert.rejects(
    until(time, "green is not ready", { timeout: 1, every: 400 }, async () => `${++asked} asked`),
    new StepError("green is not ready after 1 s: 4 asked"),
  );
  assert.deepEqual(time.slept, [400, 400, 400]);
});

test("until asks once even when there is no time", async () => {
  await until(fakeTime(), "x", { timeout: 0 }, async () => true);
});

test("until passes on an error of the question", async () => {
  await assert.rejects(
    until(fakeTime(), "x", { timeout: 1 }, async () => {
      throw new TypeError("defect");
    }),
    TypeError,
  );
});
