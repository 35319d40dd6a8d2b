import assert from "node:assert/strict";
import { test } from "node:test";
import { openIncidents } from "../../core/journal/incidents.ts";
import { endSoak } from "../../jobs/soak/soak.ts";
import { type Death, SoakWorld, soakInput } from "../support/soak-world.ts";

const minute = 30;
const untilMinute = (at: number) => new Date(Date.parse("2026-11-22T08:00:00.000Z") + at * 60_000).toISOString();
const begun = { event: "begun", from: "blue", until: untilMinute(10), epoch: "of-the-shift" };
const superseded = { event: "ended", outcome: "superseded", blame: false };

test("a good release is watched to the end, with a record a minute, and nothing is changed", async (t) => {
  const world = new SoakWorld(t);
  const before = world.edge;
  assert.deepEqual(await world.run(), { outcome: "committed", why: null });
  assert.deepEqual([world.passed, world.edge, world.started], [600_000, before, []]);
  const history = await world.history();
  assert.deepEqual(history.at(0), begun);
  assert.deepEqual(history.at(-1), { event: "ended", outcome: "committed", why: null, blame: false });
  assert.deepEqual(
    history.slice(1, -1).map(({ event, elapsed, until }) => ({ event, elapsed, until })),
    Array.from({ length: 11 }, (_, at) => ({ event: "watched", elapsed: at * 60, until: untilMinute(10) })),
  );
});

test("too little to judge by reverts nothing, and is recorded", async (t) => {
  const world = new SoakWorld(t);
  world.samples = ["inconclusive"];
  assert.deepEqual(await world.run(), { outcome: "committed", why: "inconclusive: inconclusive by the figures" });
  assert.equal(world.edge.committed, "green");
});

test("a confirmed breach reverts the release: traffic, then workers, with an incident and an epoch of its own", async (t) => {
  const world = new SoakWorld(t);
  world.samples = ["good", "breach", "breach"];
  assert.equal((await world.run()).outcome, "reverted");
  const { committed, epoch, drain } = world.edge;
  assert.equal(committed, "blue");
  assert.equal(epoch, "soak-turnout-test-soak-1");
  assert.equal(drain?.color, "green");
  assert.deepEqual(world.started, ["handover blue"]);
  const history = await world.history();
  assert.deepEqual(history.slice(-2), [
    { event: "reverting", why: "breach by the figures", blame: true },
    {
      ...{ event: "ended", outcome: "reverted", why: "breach by the figures", blame: true },
      incident: "2026-11-22-080004-green",
    },
  ]);
  const [incident] = openIncidents((await world.journal.read()).records);
  assert.deepEqual([incident?.release, incident?.step], ["1.1.0-0badcafe", "soak"]);
});

test("a breach that the next sample does not confirm reverts nothing", async (t) => {
  const world = new SoakWorld(t);
  world.samples = ["good", "breach", "good", "breach", "good"];
  assert.equal((await world.run()).outcome, "committed");
  assert.equal(world.edge.committed, "green");
});

test("a fault of both colors delays its end, then ends it without a revert", async (t) => {
  const held = new SoakWorld(t);
  held.samples = ["good", ...Array(minute).fill("shared"), "good"];
  assert.equal((await held.run()).outcome, "committed");
  assert.equal(held.passed, 600_000 + 60_000, "the minute in trouble was not counted");

  const lasting = new SoakWorld(t);
  lasting.samples = ["good", "shared"];
  const { outcome, why } = await lasting.run();
  assert.deepEqual([outcome, lasting.edge.committed], ["committed", "green"]);
  assert.equal(why, "both colors have been failing for 120 s: shared by the figures");
});

test("an unreachable edge is waited for, and time without a sample does not count", async (t) => {
  const world = new SoakWorld(t);
  world.samples = ["good", ...Array(minute).fill(new Error("the edge does not answer.")), "good"];
  assert.equal((await world.run()).outcome, "committed");
  assert.equal(world.passed, 600_000 + 60_000);
});

test("without a warm color to revert to the release stays active, and the record says why", async (t) => {
  const cases: [name: string, spoil: (world: SoakWorld) => void, because: RegExp][] = [
    ["cold", (world) => (world.warm = 1), /blue 1\.0\.0 is not ready after 10 s: 1 of 2 replicas of api answer/],
    [
      "changed",
      (world) => world.change({ kind: "announce", color: "blue", release: "1.2.0-abcdef01" }),
      /blue now has 1\.2\.0-abcdef01 instead of 1\.0\.0-deadbeef/,
    ],
  ];
  for (const [name, spoil, because] of cases) {
    const world = new SoakWorld(t);
    spoil(world);
    world.samples = ["breach"];
    const { outcome, why } = await world.run();
    assert.deepEqual([outcome, world.edge.committed, world.started], ["committed", "green", []], name);
    assert.match(String(why), because);
    const { incident, blame } = (await world.history()).at(-1) ?? {};
    assert.deepEqual([incident, blame], [undefined, true], name);
  }
});

test("abort reverts it without blame; other orders do not apply to it", async (t) => {
  const world = new SoakWorld(t);
  await world.order("abort");
  world.before = { 1: () => world.order("pause"), 5: () => world.order("abort") };
  const ordersRead = (await world.journal.read()).records.length;
  assert.deepEqual(await world.run({ ...soakInput, ordersRead }), {
    outcome: "reverted",
    why: "aborted by an operator",
  });
  assert.equal(world.sampled, 6, "an order from before it began is not meant for it");
  assert.equal(world.edge.committed, "blue");
  assert.deepEqual(openIncidents((await world.journal.read()).records), []);
});

test("a revert does not wait for replicas that were lowered since", async (t) => {
  const world = new SoakWorld(t);
  world.samples = ["breach"];
  world.warm = 1;
  world.wanted.set("turnout-test-blue-api", 1);
  assert.equal((await world.run()).outcome, "reverted");
  assert.equal(world.edge.committed, "blue");
});

test("an abort that the shift did not hear any more is the soak's", async (t) => {
  const world = new SoakWorld(t);
  await world.order("abort");
  assert.equal((await world.run()).outcome, "reverted");
  assert.equal(world.sampled, 1);
});

test("a full disk does not keep a bad release active; how it ended is recorded once there is space", async (t) => {
  const world = new SoakWorld(t);
  world.samples = ["good", "breach", "breach"];
  world.before = { 1: () => world.fill() };
  await assert.rejects(world.run(), /Cannot write to the journal/);
  assert.deepEqual([world.edge.committed, world.started], ["blue", ["handover blue"]]);
  world.room();
  assert.equal((await world.run()).outcome, "reverted");
  assert.equal(world.edge.committed, "blue");
  const [incident] = openIncidents((await world.journal.read()).records);
  assert.match(incident?.why ?? "", /reverted while the journal could not be written/);
});

test("another operation has changed the active color: it ends and changes nothing", async (t) => {
  const cases: [name: string, act: (world: SoakWorld) => void][] = [
    ["back by hand", (world) => world.change({ kind: "commit", color: "blue", epoch: "other" })],
    ["there and back", (world) => world.change({ kind: "commit", color: "green", epoch: "other" })],
  ];
  for (const [name, act] of cases) {
    const world = new SoakWorld(t);
    world.samples = ["good", "good", "breach"];
    world.before = { 3: () => act(world) };
    assert.equal((await world.run()).outcome, "superseded", name);
    assert.deepEqual([world.edge.epoch, world.started], ["other", []], name);
    const why = "another operation has changed the active color";
    assert.deepEqual((await world.history()).at(-1), { ...superseded, why }, name);
  }
});

test("a new deploy ends it, even in breach, and its own record is the only one", async (t) => {
  const world = new SoakWorld(t);
  const why = "1.2.0 is deployed to blue";
  world.samples = ["good", "breach"];
  world.before = { 2: () => endSoak(world.context(), why, "green") };
  assert.equal((await world.run()).outcome, "superseded");
  assert.equal(world.edge.committed, "green");
  assert.deepEqual(
    (await world.history()).filter(({ event }) => event === "ended"),
    [{ ...superseded, why }],
  );
  await endSoak(world.context(), "again");
  assert.equal((await world.history()).filter(({ event }) => event === "ended").length, 1);
});

test("a deploy to the color that is watched leaves it alone; there is none to end before the first", async (t) => {
  const world = new SoakWorld(t);
  await endSoak(world.context(), "nothing is watched");
  assert.deepEqual(await world.history(), []);
  world.before = { 2: () => endSoak(world.context(), "x", "blue") };
  assert.equal((await world.run()).outcome, "committed");
});

test("while another operation holds the lock it does not revert; a deploy that began ends it", async (t) => {
  const world = new SoakWorld(t);
  world.samples = ["breach"];
  const unlock = await world.journal.lock(5);
  t.after(unlock);
  await assert.rejects(world.run(), { name: "BusyError" });
  assert.equal(world.edge.committed, "green");
  await endSoak(world.context(), "1.2.0 is deployed to blue");
  await unlock();
  assert.equal((await world.run()).outcome, "superseded");
  assert.equal(world.edge.committed, "green");
});

test("what happened while it waited for the lock comes first", async (t) => {
  const cases: [name: string, act: (world: SoakWorld) => unknown][] = [
    ["a deploy began", (world) => endSoak(world.context(), "1.2.0 is deployed to blue")],
    ["back by hand", (world) => world.change({ kind: "commit", color: "blue", epoch: "other" })],
  ];
  for (const [name, act] of cases) {
    const world = new SoakWorld(t);
    world.samples = ["breach"];
    let before = world.edge;
    world.whileWaiting = async () => {
      await act(world);
      before = world.edge;
    };
    assert.equal((await world.run()).outcome, "superseded", name);
    assert.deepEqual([world.edge, world.started], [before, []], name);
    const events = (await world.history()).map(({ event }) => event);
    assert.deepEqual(events, ["begun", "watched", "watched", "ended"], name);
  }
});

test("started again it watches the rest, whatever was done to the clock", async (t) => {
  const world = new SoakWorld(t);
  const daemonStops = () => {
    throw new RangeError("killed");
  };
  // An error of the sample means no figures; a kill is an exception of the journal.
  world.before = { [4 * minute + 5]: () => Object.assign(world.journal, { read: daemonStops }) };
  const read = world.journal.read;
  await assert.rejects(world.run(), RangeError);
  Object.assign(world.journal, { read });
  const stopped = world.passed;
  world.setForward = 3_600_000;
  world.before = {};
  assert.equal((await world.run()).outcome, "committed");
  assert.equal(world.passed - stopped, 600_000 - 4 * 60_000, "what was recorded is not watched again");
  assert.equal((await world.history()).filter(({ event }) => event === "begun").length, 1);
});

test("killed anywhere in a revert, it completes it, with one commit and one handover after it", async (t) => {
  const deaths: Death[] = ["reverting", "unanswered", "ended"];
  for (const death of deaths) {
    const world = new SoakWorld(t);
    world.samples = ["breach"];
    world.dies = death;
    await assert.rejects(world.run(), death);
    const { epoch } = world.edge;
    world.dies = null;
    // New samples no longer matter.
    world.samples = ["good"];
    assert.equal((await world.run()).outcome, "reverted", death);
    assert.equal(world.edge.committed, "blue", death);
    if (death !== "reverting") assert.equal(world.edge.epoch, epoch, death);
    assert.equal(world.started.at(-1), "handover blue", death);
    const events = (await world.history()).map(({ event }) => event).filter((event) => event !== "watched");
    assert.deepEqual(events, ["begun", "reverting", "ended"], death);
    assert.equal((await world.run()).outcome, "superseded", "once ended it does nothing");
    assert.equal((await world.history()).filter(({ event }) => event === "ended").length, 1, death);
  }
});

test("a soak of no time ends at once", async (t) => {
  const world = new SoakWorld(t);
  assert.deepEqual(await world.run({ ...soakInput, soak: 0 }), { outcome: "committed", why: null });
  assert.equal(world.sampled, 0);
});
