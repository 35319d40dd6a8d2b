import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { StepError } from "../../core/errors.ts";
import { openIncidents } from "../../core/journal/incidents.ts";
import { shift } from "../../jobs/commands/shift.ts";
import { eventOf } from "../support/records.ts";
import { ShiftWorld } from "../support/shift-world.ts";

const order = (event: "promote" | "abort" | "pause" | "resume") => (world: ShiftWorld) =>
  world.journal.append(eventOf(`order ${event}`));

/** A server that answers as a color's ready path does: 503 until another status is set. */
async function readyPath(t: TestContext): Promise<{ url: string; status: number }> {
  const entrance = { url: "", status: 503 };
  const server = createServer((_request, response) => response.writeHead(entrance.status).end("migrations")).listen(0);
  t.after(() => server.close());
  await once(server, "listening");
  entrance.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return entrance;
}

/** The shift ended with the old color active, and the edge has no candidate. */
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
  assert.deepEqual(await world.history(), [
    ...["begun", "step 10 %", "watched step 0", "step 50 %", "watched step 1", "committing", "committed"],
    ...["watched bake", "ended committed"],
  ]);
  assert.equal(world.edge.committed, "green");
  assert.deepEqual(world.started, ["handover green"]);
});

test("a rollback takes no canary and no bake", async () => {
  const world = new ShiftWorld();
  await shift(world.input(), world.context());
  await shift(world.input({ color: "blue", release: "blue-1" }), world.context());
  const before = (await world.history()).length;
  await shift(world.input(), world.context());
  assert.deepEqual((await world.history()).slice(before), ["begun", "committing", "committed", "ended committed"]);
});

test("what an earlier job has done stands, and is not done a second time", async () => {
  const world = new ShiftWorld();
  await shift(world.input(), world.context());
  const history = await world.history();
  const { color, release } = await shift(world.input(), world.context());
  assert.deepEqual([color, release], ["green", "green-1"]);
  assert.deepEqual(await world.history(), history);
});

test("errors in a canary withdraw the release, with an incident; the same again is refused until an operator runs retry", async () => {
  const world = new ShiftWorld();
  world.failing.green = 0.05;
  await refusedBy(
    world,
    /Rollout of green 1 was withdrawn: error rate 5\.0 % .*\. Blue is still active \(incident .*-green\)\. .*ops -- retry/,
  );
  assert.deepEqual(await world.history(), [
    "begun",
    "step 10 %",
    "watched step 0",
    "withdrawing",
    "ended withdrawn, at fault",
  ]);
  assert.equal(openIncidents((await world.journal.read()).records).length, 1);
  const again = () => shift(world.input(), world.context());
  await assert.rejects(again, {
    name: "GuardError",
    message: /^green 1 was withdrawn or reverted at .* ops -- retry --stack prod/,
  });
  assert.equal(world.edge.committed, "blue");
  await world.journal.append(eventOf("order retry", { release: "green-1", incident: "i-1" }));
  await refusedBy(world, /was withdrawn/);
  assert.ok(!world.started.includes("handover green"));
});

test("errors after the commit revert it, workers too", async () => {
  const world = new ShiftWorld();
  world.after(12, () => {
    world.failing.green = 0.05;
  });
  await refusedBy(world, /was reverted/);
  const history = await world.history();
  assert.deepEqual(history.slice(-4), ["committed", "watched bake", "reverting", "ended reverted, at fault"]);
  assert.deepEqual(world.started, ["handover green", "handover blue"]);
});

test("a database that hurts both holds the shift, and it goes on when that is over", async () => {
  const world = new ShiftWorld();
  world.requests = 400;
  world.after(2, () => {
    world.monitor = { connections: null, error: "no answer for 3 s" };
  });
  world.after(9, () => {
    world.monitor = { connections: { used: 5, max: 100 }, error: null };
  });
  await shift(world.input(), world.context());
  assert.ok(
    world.said.some((line) => line.includes("on hold") && line.includes("no answer for 3 s")),
    world.said.join(),
  );
});

test("held too long it withdraws the release without blame", async () => {
  const world = new ShiftWorld();
  world.after(2, () => {
    world.monitor = { connections: null, error: "no answer" };
  });
  await refusedBy(
    world,
    /did not complete: both colors have been failing for 1\d s: .*no answer\. Blue is still active\. The release is not marked as bad/,
  );
  assert.deepEqual(openIncidents((await world.journal.read()).records), []);
});

test("an abort is read while the release is awaited, and right before the commit", async () => {
  const awaited = new ShiftWorld();
  awaited.ready.green = 0;
  awaited.after(1, order("abort"));
  await refusedBy(awaited, /did not complete: aborted by an operator\. Blue is still active/);
  assert.ok(awaited.context().monotonic() < 3_000, "it does not wait for the replicas any longer");

  const blueGreen = new ShiftWorld();
  const { rollout } = blueGreen.input();
  const at = async (world: ShiftWorld, event: string) => (await world.history()).includes(event);
  blueGreen.onAppend = async (record) => {
    if (record.event === "committing") await order("abort")(blueGreen);
  };
  const input = blueGreen.input({ strategy: "blue-green", rollout: { ...rollout, bake: 0 } });
  await refusedBy(blueGreen, /did not complete: aborted by an operator/, input);
  assert.ok(!(await at(blueGreen, "committed")));
});

test("an abort during the commit reverts it, though nothing is watched any more", async () => {
  const world = new ShiftWorld();
  const { rollout } = world.input();
  world.onAppend = async (record) => {
    if (record.event === "committed") await order("abort")(world);
  };
  await refusedBy(
    world,
    /did not complete: aborted by an operator\. Blue is active again/,
    world.input({ strategy: "blue-green", rollout: { ...rollout, bake: 0 } }),
  );
  assert.deepEqual(world.started, ["handover green", "handover blue"]);
});

test("a pause as the last step ends keeps that step's share", async () => {
  const world = new ShiftWorld();
  world.onAppend = async (record) => {
    if (record.event !== "committing" || world.edge.weight !== 50) return;
    await order("pause")(world);
    world.onAppend = undefined;
    world.after(20, (then) => {
      assert.deepEqual([then.edge.committed, then.edge.candidate, then.edge.weight], ["blue", "green", 50]);
      return order("resume")(then);
    });
  };
  await shift(world.input(), world.context());
  assert.equal(world.edge.committed, "green");
});

test("interrupted while the release is awaited, it ends at once", async () => {
  const world = new ShiftWorld();
  world.ready.green = 0;
  world.after(1, () => world.interrupt.abort());
  await refusedBy(world, /the job was interrupted/);
});

test("without figures the bake waits, and continues once the edge answers again", async () => {
  const world = new ShiftWorld();
  world.requests = 400;
  world.after(12, () => {
    world.away = true;
  });
  world.after(18, () => {
    world.away = false;
    world.failing.green = 0.05;
  });
  await refusedBy(world, /was reverted: error rate/);
  assert.ok(world.said.some((line) => line.includes("the figures are unavailable")));
});

test("a full disk prevents a change, and does not keep a bad release active", async () => {
  const before = new ShiftWorld();
  before.onAppend = async (record) => {
    before.full = record.step === "shift" && record.event === "watched" && record.stage === "step 1";
  };
  await assert.rejects(shift(before.input(), before.context()), /^StepError: Cannot write to the journal/);
  assert.deepEqual([before.edge.committed, before.edge.candidate, before.started], ["blue", null, ["handover blue"]]);

  const after = new ShiftWorld();
  after.after(12, () => {
    after.full = true;
    after.failing.green = 0.05;
  });
  await assert.rejects(shift(after.input(), after.context()), /^StepError: Cannot write to the journal/);
  assert.deepEqual([after.edge.committed, after.started], ["blue", ["handover green", "handover blue"]]);
});

test("a color that another deploy has prepared since is refused; a rollback does not depend on it", async () => {
  const world = new ShiftWorld();
  const prepared = (release: string) => world.journal.append(eventOf("migration done", { color: "green", release }));
  await prepared("green-2");
  const first = shift(world.input(), world.context());
  await assert.rejects(first, { name: "GuardError", message: /prepared green for green-2 at [\dT:.-]+Z \(bob\)/ });
  assert.equal(world.edge.committed, "blue");
  await prepared("green-1");
  await shift(world.input(), world.context());
  await shift(world.input({ color: "blue", release: "blue-1" }), world.context());
  await prepared("green-3");
  await shift(world.input(), world.context());
  assert.equal(world.edge.committed, "green");
});

test("a shift that is repeated after its end leaves the soak alone", async () => {
  const world = new ShiftWorld();
  const { rollout } = world.input();
  const input = world.input({ rollout: { ...rollout, soak: 60 } });
  await shift(input, world.context());
  await world.journal.append(eventOf("soak begun", { color: "green", soak: "s1" }));
  await shift(input, world.context());
  assert.equal((await world.journal.read()).records.findLast(({ step }) => step === "soak")?.event, "begun");
  assert.deepEqual(world.started, ["handover green", "soak", "handover green"]);
});

test("an idle color that was stopped is started, and gets traffic only if it is ready with the schema", async (t) => {
  const entrance = await readyPath(t);
  const world = new ShiftWorld();
  const input = world.input({ ready: [{ path: "/readyz" }] });
  input.edge.previewUrl = entrance.url;
  world.wanted = new Map([["shop-prod-green-api", 0]]);
  await refusedBy(
    world,
    /green 1 was started again but is not ready after 5 s: \/readyz answers 503: migrations/,
    input,
  );
  entrance.status = 200;
  world.wanted = new Map([["shop-prod-green-api", 0]]);
  await shift(input, world.context());
  assert.equal(world.edge.committed, "green");
});

test("orders from another terminal: promote, pause and resume, abort", async () => {
  const promoted = new ShiftWorld();
  promoted.after(1, order("promote"));
  await shift(promoted.input(), promoted.context());
  assert.ok(!(await promoted.history()).includes("watched step 0"));

  const paused = new ShiftWorld();
  paused.after(1, order("pause"));
  paused.after(60, order("resume"));
  await shift(paused.input(), paused.context());
  assert.ok(paused.context().monotonic() > 60_000);
  assert.ok(paused.said.some((line) => line.includes("paused")));

  const aborted = new ShiftWorld();
  aborted.after(1, order("abort"));
  await refusedBy(aborted, /did not complete: aborted by an operator\. Blue is still active/);
});

test("an interrupted job withdraws its candidate", async () => {
  const world = new ShiftWorld();
  world.after(2, () => world.interrupt.abort());
  await refusedBy(world, /the job was interrupted/);
});

test("no candidate while a replica is missing or the database is full", async () => {
  const world = new ShiftWorld();
  world.ready.green = 0;
  await refusedBy(world, /0 of 1 replicas of api answer/);
  world.ready.green = 1;
  world.monitor = { connections: { used: 95, max: 100 }, error: null };
  await refusedBy(world, /95 of 100 connections in use/);
  assert.ok(!(await world.history()).some((event) => event.startsWith("step")));
});

test("killed at any moment: the lease expires, and the next job completes the rollout once", async () => {
  const stages = new Set<string>();
  for (let seconds = 0.2; seconds < 15; seconds += 0.7) {
    const world = new ShiftWorld();
    world.after(seconds, () => {
      world.dead = true;
    });
    await assert.rejects(shift(world.input(), world.context()), /killed/);
    stages.add((await world.history()).at(-1) ?? "");
    world.dead = false;
    await world.pass(11_000);
    assert.equal(world.edge.candidate, null, `${seconds}`);
    await shift(world.input(), world.context());
    assert.equal(world.edge.committed, "green");
    const history = await world.history();
    for (const once of ["begun", "committed", "ended committed"])
      assert.equal(history.filter((event) => event === once).length, 1, `${once}, killed after ${seconds} s`);
    assert.ok(world.started.includes("handover green"));
  }
  assert.deepEqual([...stages], ["step 10 %", "step 50 %", "committed"]);
});

for (const [name, failing] of [
  ["good", 0],
  ["bad", 0.05],
] as const)
  test(`a ${name} release whose job dies at any of its effects: the next job ends the work`, async () => {
    let deaths = 0;
    for (const done of [false, true])
      for (let at = 0; ; at++) {
        const world = new ShiftWorld();
        world.failing.green = failing;
        const { rollout } = world.input();
        const input = world.input({ rollout: { ...rollout, soak: 60 } });
        world.dies = { at, done };
        const died = await shift(input, world.context()).then(
          () => false,
          (error: Error) => error.message === "killed",
        );
        if (!died) break;
        deaths++;
        const where = `effect ${at}, ${done ? "done" : "not done"}`;
        world.dead = false;
        await world.pass(11_000);
        assert.equal(world.edge.candidate, null, where);
        const end = await shift(input, world.context()).then(
          () => "committed",
          (error: Error) => error.message,
        );
        const last = world.started.findLast((one) => one.startsWith("handover"));
        if (failing === 0) {
          assert.equal(end, "committed", where);
          assert.deepEqual([world.edge.committed, last], ["green", "handover green"], where);
          assert.ok(world.started.includes("soak"), where);
        } else {
          assert.match(end, /was withdrawn/, where);
          assert.deepEqual([world.edge.committed, last ?? "handover blue"], ["blue", "handover blue"], where);
          assert.equal(openIncidents((await world.journal.read()).records).length, 1, where);
        }
        assert.equal(world.edge.candidate, null, where);
      }
    assert.ok(deaths > 10, `${deaths} deaths`);
  });

test("too little traffic is inconclusive: withdrawn, unless the setting is promote", async () => {
  const few = new ShiftWorld();
  few.requests = 1;
  await refusedBy(few, /inconclusive: \d+(\.\d+)? answers, at least 50 are needed/);
  const promoted = new ShiftWorld();
  promoted.requests = 1;
  const { rollout } = promoted.input();
  await shift(promoted.input({ rollout: { ...rollout, inconclusive: "promote" } }), promoted.context());
  assert.equal(promoted.edge.committed, "green");
});

test("a quiesced color is started, and the page taken down", async () => {
  const world = new ShiftWorld();
  world.change({ kind: "maintenance", on: true, retryAfterSeconds: 60 });
  await shift(world.input({ color: "blue", release: "blue-1" }), world.context());
  assert.equal(world.edge.maintenance, null);
  assert.deepEqual(world.started, ["scale shop-prod-blue-api 1", "handover blue"]);
});

test("the page stays up while the color that was started again is not ready with the schema", async (t) => {
  const entrance = await readyPath(t);
  const world = new ShiftWorld();
  world.change({ kind: "maintenance", on: true, retryAfterSeconds: 60 });
  const input = world.input({ color: "blue", release: "blue-1", ready: [{ path: "/readyz" }] });
  input.edge.insideUrl = entrance.url;
  const closed =
    /blue 1 was started again but is not ready .*\. Users still see the maintenance page\. .*restore the backup/;
  await refusedBy(world, closed, input);
  assert.notEqual(world.edge.maintenance, null);
  entrance.status = 200;
  await shift(input, world.context());
  assert.equal(world.edge.maintenance, null);
});

test("a recreate that cannot be committed starts nothing of the quiesced color", async () => {
  const world = new ShiftWorld();
  world.change({ kind: "maintenance", on: true, retryAfterSeconds: 60 });
  world.ready.green = 0;
  await refusedBy(world, /0 of 1 replicas of api answer/, world.input({ strategy: "recreate" }));
  assert.deepEqual(world.started, []);
  assert.notEqual(world.edge.maintenance, null);
});
