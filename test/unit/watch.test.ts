import assert from "node:assert/strict";
import { test } from "node:test";
import type { WatchInput } from "../../core/jobs.ts";
import type { Verdict } from "../../core/verdict.ts";
import { createWatch, type Watch } from "../../ops/watch.ts";
import { ShiftWorld } from "../support/shift-world.ts";

/** A watch of green, on trial with half of the visitors. */
function watchOf(world: ShiftWorld, input: Partial<WatchInput> = {}): Watch {
  world.change({ kind: "candidate", color: "green", weight: 50, leaseMs: 600_000 });
  return createWatch(world.input(input), world.context());
}

/** Looks every two seconds for a while. @returns of the verdicts of one kind in a row, the last one each */
async function lookFor(watch: Watch, world: ShiftWorld, seconds: number): Promise<Verdict[]> {
  const found: Verdict[] = [];
  for (let left = seconds; left > 0; left -= 2) {
    const { verdict } = await watch.look();
    if (verdict.kind === found.at(-1)?.kind) found.pop();
    found.push(verdict);
    await world.pass(2_000);
  }
  return found;
}

const two = [{ service: "api", replicas: 2 }];

test("a replica that stays away counts after three seconds, the last one at once", async () => {
  const world = new ShiftWorld();
  const watch = watchOf(world, { web: two });
  world.ready = { blue: 2, green: 2 };
  await lookFor(watch, world, 10);
  world.ready.green = 1;
  const [first, then] = await lookFor(watch, world, 6);
  assert.equal(first?.kind, "good");
  assert.deepEqual(then?.reasons, ["green api: 1 of 2 ready"]);
  world.ready.green = 2;
  assert.deepEqual((await watch.look()).verdict.reasons, []);
  world.ready.green = 0;
  assert.deepEqual((await watch.look()).verdict.reasons, ["green api: 0 of 2 ready"]);
});

test("replicas that the settings no longer ask for are not missing", async () => {
  const both = (replicas: number) =>
    new Map(["blue", "green"].map((color) => [`shop-prod-${color}-api`, replicas] as const));
  const table: [
    name: string,
    wanted: ShiftWorld["wanted"],
    ready: ShiftWorld["ready"],
    reasons: string[],
    warnings: string[],
  ][] = [
    ["lowered for both colors", both(1), { blue: 1, green: 1 }, [], []],
    ["lowered, and none is left", both(1), { blue: 1, green: 0 }, ["green api: 0 of 1 ready"], []],
    ["not lowered", both(2), { blue: 2, green: 1 }, ["green api: 1 of 2 ready"], []],
    ["raised", both(3), { blue: 2, green: 2 }, [], []],
    ["Docker does not answer", new Error("away"), { blue: 2, green: 1 }, ["green api: 1 of 2 ready"], []],
    ["Docker knows no such service", new Map(), { blue: 2, green: 1 }, ["green api: 1 of 2 ready"], []],
    ["the last one of the release taken away", both(0), { blue: 0, green: 0 }, ["green api: 0 of 1 ready"], []],
    ["the other color has lost one", both(2), { blue: 1, green: 2 }, [], ["the other color: blue api: 1 of 2 ready"]],
  ];
  for (const [name, wanted, ready, reasons, warnings] of table) {
    const world = new ShiftWorld();
    const watch = watchOf(world, { web: two });
    Object.assign(world, { wanted, ready });
    const verdict = (await lookFor(watch, world, 8)).at(-1);
    assert.deepEqual([verdict?.reasons, verdict?.warnings], [reasons, warnings], name);
  }
});
