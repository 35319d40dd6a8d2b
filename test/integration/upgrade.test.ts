import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startLoad } from "../support/load.ts";
import { nothingToDo, through } from "../support/outcome.ts";
import { healthy, servingColor } from "../support/poll.ts";
import { lastReleased, type ReleasedProject, releasedProject } from "../support/released.ts";
import { type TestStack, testStack } from "../support/stack.ts";

// An upgrade of Turnout itself: a stack that the last released version has brought up, with both colors, is taken over by
// the present code while users are on it. Each test goes on where the one before it ended.
let stack: TestStack;
let released: ReleasedProject;

before(async () => {
  stack = await testStack();
  stack.settings.versions = { blue: "1.0.0", green: "1.1.0" };
  stack.settings.timeouts = { start: 60, smoke: 30 };
  await stack.save();
  released = await releasedProject();
  through(await stack.upIn(released.root));
});
after(async () => {
  await stack?.remove();
  await released?.remove();
});

/** A step of a preview, as the engine prints it with `--json`. */
interface Step {
  op: string;
  urn: string;
}

/** What the engine would do, but for resources that stay as they are, as `op type name`. */
async function planned(): Promise<{ op: string; type: string; name: string }[]> {
  const { stdout } = through(await stack.pulumi("preview", "--json"));
  const { steps } = JSON.parse(stdout) as { steps: Step[] };
  return steps
    .filter(({ op }) => op !== "same")
    .map(({ op, urn }) => {
      const [, , types = "", name = ""] = urn.split("::");
      return { op, type: types.split("$").at(-1) ?? "", name };
    });
}

test(`the preview of a stack of ${lastReleased.version} replaces, creates and deletes nothing`, async (t) => {
  const steps = await planned();
  for (const { op, type, name } of steps) t.diagnostic(`${op} ${type} ${name}`);
  assert.ok(steps.length > 0, "the agent at least has a new image");
  assert.deepEqual(
    steps.filter(({ op }) => op !== "update"),
    [],
  );
  // The agent runs the jobs' code. Whatever holds users or data stays as it is.
  const held = ["docker:index/service:Service", "docker:index/volume:Volume", "docker:index/network:Network"];
  assert.deepEqual(
    steps.filter(({ type }) => [...held, "docker:index/secret:Secret"].includes(type)).map(({ name }) => name),
    ["edge-agent"],
  );
});

test("the update with the present code loses no request, runs no job again, and is whole", async (t) => {
  const containers = async () =>
    (await Promise.all(["edge", "db", "blue-api", "blue-web", "green-api"].map(stack.containers))).flat();
  const before = await containers();
  const records = async () => (await stack.cli("ops", "log", "--json")).stdout.trim().split("\n").length;
  const load = startLoad(stack.url, { users: 3, pause: 150 });
  t.after(() => load.stop());
  await load.more(50);
  const written = await records();
  const updated = through(await stack.up());
  await load.more(50);
  const report = await load.stop();
  t.diagnostic(`${report.sent} requests, ${report.lost.length} lost, in ${updated.seconds.toFixed(1)} s of update`);
  assert.deepEqual(report.lost, []);
  assert.deepEqual(Object.keys(report.byColor), ["blue"]);
  assert.deepEqual(await containers(), before, "edge, database and colors run on in their containers");
  assert.equal(await records(), written, "no job has run");
  nothingToDo(await stack.preview());
  const { versions, live } = await healthy(stack);
  assert.deepEqual([live, versions], ["blue", { blue: "1.0.0", green: "1.1.0" }]);
});

test("a stack that was upgraded shifts and rolls back, and loses nothing", async (t) => {
  const load = startLoad(stack.url, { users: 3, pause: 150 });
  t.after(() => load.stop());
  await load.more(50);
  stack.settings.activeColor = "green";
  await stack.save();
  through(await stack.up());
  assert.equal(await servingColor(stack.url), "green");
  through(await stack.cli("rollback"));
  assert.equal(await servingColor(stack.url), "blue");
  await load.more(50);
  assert.deepEqual((await load.stop()).lost, []);
});
