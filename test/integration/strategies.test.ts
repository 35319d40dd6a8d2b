import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startLoad } from "../support/load.ts";
import { healthy, poll, servingColor } from "../support/poll.ts";
import { type Outcome, type TestStack, testStack } from "../support/stack.ts";

// The strategies for special cases: rolling and recreate. Each test continues where the previous one ended.
let stack: TestStack;

before(async () => {
  stack = await testStack();
  stack.settings.timeouts = { start: 25, smoke: 20, check: 5 };
  stack.settings.replicas = { api: 2 };
  await stack.save();
  through(await stack.up());
});
after(() => stack?.remove());

function through(outcome: Outcome): Outcome {
  assert.equal(outcome.code, 0, outcome.text);
  return outcome;
}

async function nothingToDo(): Promise<void> {
  const preview = through(await stack.preview());
  assert.doesNotMatch(preview.text, /to (create|update|replace|delete)/, preview.text);
}

/** The page as a user's browser requests it. */
function page(): Promise<Response> {
  return fetch(stack.url, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(5_000) });
}

test("rolling replaces the active color's replicas one at a time, and no request is lost", async (t) => {
  const load = startLoad(stack.url, { users: 4, pause: 150 });
  t.after(() => load.stop());
  await load.more(100);
  const rolled = through(await stack.cli("deploy", "1.1.0", "--strategy", "rolling"));
  assert.match(rolled.text, /Updating blue 1\.0\.0 to 1\.1\.0 in place, one replica at a time/);
  await load.more(100);
  const report = await load.stop();
  assert.deepEqual(report.lost, []);
  assert.deepEqual(Object.keys(report.byColor), ["blue"]);
  const status = await stack.status();
  assert.deepEqual(status.versions, { blue: "1.1.0", green: null });
  await nothingToDo();
});

test("rolling a version that does not start is rolled back by Swarm, and the rollback command cancels it", async (t) => {
  const load = startLoad(stack.url, { users: 4, pause: 150 });
  t.after(() => load.stop());
  await load.more(100);
  const failed = await stack.cli("deploy", "1.4.0-nostart", "--strategy", "rolling");
  assert.equal(failed.code, 5, failed.text);
  assert.equal(await servingColor(stack.url), "blue");
  const canceled = through(await stack.cli("rollback"));
  assert.match(canceled.text, /Canceling the update of/);
  await load.more(100);
  const report = await load.stop();
  assert.deepEqual(report.lost, []);
  assert.deepEqual((await stack.status()).versions, { blue: "1.1.0", green: null });
  await nothingToDo();
});

test("a recreate that fails leaves the page up, and canceling it starts the previous release", async () => {
  const failed = await stack.cli("deploy", "1.4.0-nostart", "--strategy", "recreate");
  assert.equal(failed.code, 5, failed.text);
  assert.match(failed.text, /Blue 1\.1\.0 is stopped, and users see the maintenance page.*npm run rollback/);
  const closed = await page();
  assert.equal(closed.status, 503);
  assert.ok(Number(closed.headers.get("retry-after")) > 0);
  assert.match(await closed.text(), /<html/i);
  const status = await stack.status();
  assert.equal(status.healthy, false);
  assert.ok((status.problems as string[]).some((problem) => problem.includes("maintenance page")));

  through(await stack.cli("rollback"));
  assert.equal(await poll("an answer", 30, () => servingColor(stack.url)), "blue");
  assert.equal((await page()).status, 200);
  await nothingToDo();
});

test("recreate stops the system behind a page, runs a migration that breaks old code, and opens again", async (t) => {
  const load = startLoad(stack.url, { users: 4, pause: 150 });
  t.after(() => load.stop());
  await load.more(100);
  const done = through(await stack.cli("deploy", "1.5.0-incompatible", "--strategy", "recreate"));
  assert.match(done.text, /the maintenance page is up; blue stops/);
  assert.match(done.text, /the maintenance page is down/);
  await load.more(50);
  const report = await load.stop();
  // Only the page: no broken connection, no other error.
  assert.deepEqual([...new Set(report.lost.map(({ why }) => why))], ["status 503"]);
  assert.equal(await servingColor(stack.url), "green");
  assert.equal((await page()).status, 200);
  await healthy(stack);
  await nothingToDo();
  const back = await stack.cli("rollback");
  assert.equal(back.code, 3, back.text);
  assert.match(back.text, /Cannot roll back to blue .*: it is no longer warm/);
  // The suggested deploy does not lead users to a release that cannot work with the schema.
  const old = await stack.cli("deploy", "1.1.0");
  assert.equal(old.code, 5, old.text);
  assert.match(
    old.text,
    /Rollout of blue 1\.1\.0 did not complete: blue 1\.1\.0 was started again but is not ready .*\/readyz answers 503/,
  );
  assert.equal(await servingColor(stack.url), "green");
  through(await stack.cli("rollback"));
  await nothingToDo();
});

test("rolling on a production stack has to be an override", async () => {
  stack.settings.activeColor = "green";
  stack.settings.versions = { blue: "1.1.0", green: "1.5.0-incompatible" };
  stack.settings.production = true;
  stack.settings.strategy = "rolling";
  await stack.save();
  const refused = await stack.preview();
  assert.notEqual(refused.code, 0);
  assert.match(refused.text, /strategy is rolling on a production stack\. It changes the active color in place/);
});
