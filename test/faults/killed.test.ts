import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startLoad } from "../support/load.ts";
import { poll, servingColor } from "../support/poll.ts";
import { startCommand } from "../support/running.ts";
import { type TestStack, testStack } from "../support/stack.ts";

// Whatever is killed at whatever step, users are still served, and repeating the command completes it.
let stack: TestStack;

before(async () => {
  stack = await testStack();
  stack.settings.timeouts = { start: 60, smoke: 30, check: 5 };
  stack.settings.replicas = { api: 2 };
  await stack.save();
});
after(() => stack?.remove());

/** Starts a deploy and kills the engine with SIGKILL once it has reached a step. */
async function killDuring(step: string, version = "1.1.0"): Promise<void> {
  const deploy = startCommand(stack, "deploy", version);
  await deploy.prints(new RegExp(`${step} creating`), 120);
  await deploy.killEngine();
}

test("a first deploy whose engine is killed while it creates networks, secrets and services can be completed", async () => {
  for (const step of ["network-blue", "database-server", "color-blue-api"]) await killDuring(step, "1.0.0");
  const last = await stack.cli("deploy", "1.0.0");
  assert.equal(last.code, 0, last.text);
  assert.equal(await servingColor(stack.url), "blue");
  const preview = await stack.preview();
  assert.doesNotMatch(preview.text, /to (create|update|replace|delete)|pending operations/);
});

test("a deploy whose engine is killed at every step loses no request, and the last retry completes it", async (t) => {
  const load = startLoad(stack.url, { users: 4, pause: 150 });
  t.after(() => load.stop());
  await load.more(50);
  for (const step of ["backup-green-job", "migration-green-job", "color-green-api", "smoke-green-job", "shift-job"]) {
    await killDuring(step);
    const serving = await servingColor(stack.url);
    // The shift's job continues without its operator; every earlier step leaves blue active.
    assert.ok(serving === "blue" || (step === "shift-job" && serving === "green"), `${serving} serves after ${step}`);
  }
  const last = await stack.cli("deploy", "1.1.0");
  assert.equal(last.code, 0, last.text);
  await load.more(50);
  const report = await load.stop();
  assert.deepEqual(report.lost, []);
  assert.equal(await servingColor(stack.url), "green");
  assert.equal((await stack.outputs()).activeColor, "green");
  const preview = await stack.preview();
  assert.equal(preview.code, 0, preview.text);
  assert.doesNotMatch(preview.text, /to (create|update|replace|delete)|pending operations/);
});

test("replicas of the active color killed one at a time are restarted, and lose at most their current requests", async (t) => {
  for (const id of await stack.containers("green-api")) {
    const load = startLoad(stack.url, { users: 4, pause: 150 });
    t.after(() => load.stop());
    await load.more(50);
    await stack.docker("kill", "--signal", "KILL", id);
    await poll("two containers again", 60, async () => {
      const now = await stack.containers("green-api");
      return now.length === 2 && !now.includes(id) ? true : undefined;
    });
    await poll("two replicas again", 60, async () => {
      const status = await stack.status();
      const api = (status.replicas as { color: string; service: string; ready: number }[]).find(
        (one) => one.color === "green" && one.service === "api",
      );
      return api?.ready === 2 ? true : undefined;
    });
    const report = await load.stop();
    // Each user can have one request on the killed replica; no later one may fail.
    assert.ok(report.lost.length <= 4, JSON.stringify(report.lost));
    console.log(`a killed replica of two cost ${report.lost.length} of ${report.sent} requests`);
  }
});
