import assert from "node:assert/strict";
import { test } from "node:test";
import { StepError } from "../../core/errors.ts";
import { openIncidents } from "../../core/incidents.ts";
import { shift } from "../../ops/commands/shift.ts";
import { ShiftWorld } from "../support/shift-world.ts";

const order = (event: string) => (world: ShiftWorld) =>
  world.journal.append({ at: "2026-01-01T00:00:00Z", step: "order", event, operator: "ada" });

/** The shift ended with the old color, and the edge has nobody on trial. */
async function refusedBy(world: ShiftWorld, sentence: RegExp, input = world.input()): Promise<void> {
  await assert.rejects(shift(input, world.context()), (error: unknown) => {
    assert.ok(error instanceof StepError, String(error));
    assert.match(error.message, sentence);
    return true;
  });
  const { committed, candidate, weight } = world.edge;
  assert.deepEqual({ committed, candidate, weight }, { committed: "blue", candidate: null, weight: 0 });
}

test("a canary that is well goes through all its steps", async () => {
  const world = new ShiftWorld();
  assert.deepEqual(await shift(world.input(), world.context()), { from: "blue", color: "green", release: "green-1" });
  assert.deepEqual(await world.story(), [
    ...["begun", "trial 10 %", "watched trial 0", "trial 50 %", "watched trial 1", "committed"],
    ...["watched bake", "ended committed"],
  ]);
  assert.equal(world.edge.committed, "green");
  assert.deepEqual(world.started, ["handover green"]);
});

test("going back to what has served takes no trial and no bake", async () => {
  const world = new ShiftWorld();
  await shift(world.input(), world.context());
  await shift(world.input({ color: "blue", release: "blue-1" }), world.context());
  const before = (await world.story()).length;
  await shift(world.input(), world.context());
  assert.deepEqual((await world.story()).slice(before), ["begun", "committed", "ended committed"]);
});

test("what an earlier job has done stands, and is not done a second time", async () => {
  const world = new ShiftWorld();
  await shift(world.input(), world.context());
  const story = await world.story();
  const { color, release } = await shift(world.input(), world.context());
  assert.deepEqual([color, release], ["green", "green-1"]);
  assert.deepEqual(await world.story(), story);
});

test("errors on trial take the release back, with an incident; the same again begins anew", async () => {
  const world = new ShiftWorld();
  world.failing.green = 0.05;
  await refusedBy(
    world,
    /green 1 was taken back: error rate 5\.0 % .*; blue serves \(incident .*-green\)\. .*ops -- retry/,
  );
  assert.deepEqual(await world.story(), ["begun", "trial 10 %", "watched trial 0", "undoing", "ended rolled-back"]);
  assert.equal(openIncidents(await world.journal.read()).length, 1);
  await refusedBy(world, /taken back/);
  assert.ok(!world.started.includes("handover green"));
});

test("errors after the commit take it back, workers too", async () => {
  const world = new ShiftWorld();
  world.after(12, () => {
    world.failing.green = 0.05;
  });
  await refusedBy(world, /taken back/);
  const story = await world.story();
  assert.deepEqual(story.slice(-4), ["committed", "watched bake", "undoing", "ended rolled-back"]);
  assert.deepEqual(world.started, ["handover green", "handover blue"]);
});

test("a database that hurts both holds the shift, and it goes on when that is over", async () => {
  const world = new ShiftWorld();
  world.visitors = 400;
  world.after(2, () => {
    world.pulse = { connections: null, error: "it says nothing for 3 s" };
  });
  world.after(9, () => {
    world.pulse = { connections: { used: 5, max: 100 }, error: null };
  });
  await shift(world.input(), world.context());
  assert.ok(
    world.said.some((line) => line.includes("on hold") && line.includes("it says nothing")),
    world.said.join(),
  );
});

test("held too long it gives up, and blames nobody", async () => {
  const world = new ShiftWorld();
  world.after(2, () => {
    world.pulse = { connections: null, error: "no answer" };
  });
  await refusedBy(
    world,
    /does not serve: both colors are in trouble for 1\d s: .*no answer; blue serves\. Nothing is held/,
  );
  assert.deepEqual(openIncidents(await world.journal.read()), []);
});

test("orders from another terminal: promote, pause and resume, abort", async () => {
  const promoted = new ShiftWorld();
  promoted.after(1, order("promote"));
  await shift(promoted.input(), promoted.context());
  assert.ok(!(await promoted.story()).includes("watched trial 0"));

  const paused = new ShiftWorld();
  paused.after(1, order("pause"));
  paused.after(60, order("resume"));
  await shift(paused.input(), paused.context());
  assert.ok(paused.context().monotonic() > 60_000);
  assert.ok(paused.said.some((line) => line.includes("paused")));

  const aborted = new ShiftWorld();
  aborted.after(1, order("abort"));
  await refusedBy(aborted, /does not serve: aborted by hand; blue serves/);
});

test("a job that is told to end takes its candidate with it", async () => {
  const world = new ShiftWorld();
  world.after(2, () => world.interrupt.abort());
  await refusedBy(world, /the job was told to end/);
});

test("nobody on trial while a replica is missing or the database is full", async () => {
  const world = new ShiftWorld();
  world.ready.green = 0;
  await refusedBy(world, /0 of 1 replicas of api answer/);
  world.ready.green = 1;
  world.pulse = { connections: { used: 95, max: 100 }, error: null };
  await refusedBy(world, /95 of 100 connections in use/);
  assert.ok(!(await world.story()).some((event) => event.startsWith("trial")));
});

test("killed at any moment, the edge goes back by itself, and the next job ends the work once", async () => {
  const stages = new Set<string>();
  for (let seconds = 0.2; seconds < 15; seconds += 0.7) {
    const world = new ShiftWorld();
    world.after(seconds, () => {
      world.dead = true;
    });
    await assert.rejects(shift(world.input(), world.context()), /killed/);
    stages.add((await world.story()).at(-1) ?? "");
    world.dead = false;
    await world.pass(11_000);
    assert.equal(world.edge.candidate, null, `${seconds}`);
    await shift(world.input(), world.context());
    assert.equal(world.edge.committed, "green");
    const story = await world.story();
    for (const once of ["begun", "committed", "ended committed"])
      assert.equal(story.filter((event) => event === once).length, 1, `${once}, killed after ${seconds} s`);
    assert.ok(world.started.includes("handover green"));
  }
  assert.deepEqual([...stages], ["trial 10 %", "trial 50 %", "committed"]);
});

test("too few visitors are inconclusive: back, unless the setting says promote", async () => {
  const few = new ShiftWorld();
  few.visitors = 1;
  await refusedBy(few, /inconclusive: \d+(\.\d+)? answers, at least 50 are needed/);
  const promoted = new ShiftWorld();
  promoted.visitors = 1;
  const { rollout } = promoted.input();
  await shift(promoted.input({ rollout: { ...rollout, inconclusive: "promote" } }), promoted.context());
  assert.equal(promoted.edge.committed, "green");
});

test("a color that a standstill has stopped is started, and the page taken down", async () => {
  const world = new ShiftWorld();
  world.change({ kind: "maintenance", on: true, retryAfterSeconds: 60 });
  await shift(world.input({ color: "blue", release: "blue-1" }), world.context());
  assert.equal(world.edge.maintenance, null);
  assert.deepEqual(world.started, ["scale shop-prod-blue-api 1", "handover blue"]);
});

test("a recreate that cannot be committed starts nothing of the color that stands still", async () => {
  const world = new ShiftWorld();
  world.change({ kind: "maintenance", on: true, retryAfterSeconds: 60 });
  world.ready.green = 0;
  await refusedBy(world, /0 of 1 replicas of api answer/, world.input({ strategy: "recreate" }));
  assert.deepEqual(world.started, []);
  assert.notEqual(world.edge.maintenance, null);
});
