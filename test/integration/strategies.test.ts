import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startLoad } from "../support/load.ts";
import { healthy, poll, servingColor } from "../support/poll.ts";
import { type Outcome, type TestStack, testStack } from "../support/stack.ts";

// The strategies that are not for every day: in place, and with a standstill. Each test goes on where the last ended.
let stack: TestStack;

before(async () => {
  stack = await testStack();
  stack.settings.timeouts = { start: 25, smoke: 20 };
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

/** The page as a visitor's browser asks for it. */
function page(): Promise<Response> {
  return fetch(stack.url, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(5_000) });
}

test("rolling replaces the serving color's replicas one by one, and nobody notices", async (t) => {
  const load = startLoad(stack.url, { visitors: 4, pause: 150 });
  t.after(() => load.stop());
  await load.more(100);
  const rolled = through(await stack.cli("deploy", "1.1.0", "--strategy", "rolling"));
  assert.match(rolled.text, /Rolling 1\.1\.0 over blue 1\.0\.0, one replica after the other/);
  await load.more(100);
  const report = await load.stop();
  assert.deepEqual(report.lost, []);
  assert.deepEqual(Object.keys(report.byColor), ["blue"]);
  const status = await stack.status();
  assert.deepEqual(status.versions, { blue: "1.1.0", green: null });
  await nothingToDo();
});

test("rolling a version that does not start is rolled back by Swarm, and given up by rollback", async (t) => {
  const load = startLoad(stack.url, { visitors: 4, pause: 150 });
  t.after(() => load.stop());
  await load.more(100);
  const failed = await stack.cli("deploy", "1.4.0-nostart", "--strategy", "rolling");
  assert.equal(failed.code, 5, failed.text);
  assert.equal(await servingColor(stack.url), "blue");
  const given = through(await stack.cli("rollback"));
  assert.match(given.text, /giving up/);
  await load.more(100);
  const report = await load.stop();
  assert.deepEqual(report.lost, []);
  assert.deepEqual((await stack.status()).versions, { blue: "1.1.0", green: null });
  await nothingToDo();
});

test("a recreate that does not get through leaves the page up, and giving it up starts what served", async () => {
  const failed = await stack.cli("deploy", "1.4.0-nostart", "--strategy", "recreate");
  assert.equal(failed.code, 5, failed.text);
  assert.match(failed.text, /blue 1\.1\.0 is stopped, and visitors see the maintenance page.*npm run rollback/);
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

test("recreate stops everybody behind a page, migrates what no old code could live with, and opens again", async (t) => {
  const load = startLoad(stack.url, { visitors: 4, pause: 150 });
  t.after(() => load.stop());
  await load.more(100);
  const done = through(await stack.cli("deploy", "1.5.0-incompatible", "--strategy", "recreate"));
  assert.match(done.text, /the maintenance page is up; blue stops/);
  assert.match(done.text, /the maintenance page is down/);
  await load.more(50);
  const report = await load.stop();
  // The page, and nothing else: no broken connection, no other error.
  assert.deepEqual([...new Set(report.lost.map(({ why }) => why))], ["status 503"]);
  assert.equal(await servingColor(stack.url), "green");
  assert.equal((await page()).status, 200);
  await healthy(stack);
  await nothingToDo();
  const back = await stack.cli("rollback");
  assert.equal(back.code, 3, back.text);
  assert.match(back.text, /blue is not warm any more/);
  // The way out that it names gets nobody to what cannot live with the schema.
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

test("rolling on a production stack has to be said", async () => {
  stack.settings.activeColor = "green";
  stack.settings.versions = { blue: "1.1.0", green: "1.5.0-incompatible" };
  stack.settings.production = true;
  stack.settings.strategy = "rolling";
  await stack.save();
  const refused = await stack.preview();
  assert.notEqual(refused.code, 0);
  assert.match(refused.text, /strategy is rolling, which changes the serving color in place, on a production stack/);
});
