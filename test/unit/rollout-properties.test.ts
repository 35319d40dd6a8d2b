import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { colors } from "../../core/color.ts";
import { advance, maxRestarts, resume } from "../../core/rollout/machine.ts";
import { canarySteps, type RolloutPlan } from "../../core/rollout/plan.ts";
import type { Order, Rollout, RolloutEvent } from "../../core/rollout/state.ts";
import type { Verdict } from "../../core/verdict/verdict.ts";
import { type Luck, uneventful, World } from "../support/rollout-world.ts";

const verdicts = ["good", "breach", "shared", "inconclusive"] as const;
const orders: readonly Order[] = ["promote", "abort", "pause", "resume"];

const anyPlan: fc.Arbitrary<RolloutPlan> = fc.record({
  target: fc.constantFrom(...colors),
  from: fc.constantFrom(...colors, null),
  epoch: fc.constant("this"),
  steps: fc.array(fc.record({ weight: fc.integer({ min: 0, max: 100 }), seconds: fc.nat(5) }), { maxLength: 4 }),
  bake: fc.nat(4),
  holdFor: fc.integer({ min: 1, max: 5 }),
  onInconclusive: fc.constantFrom("rollback", "promote"),
});

const rarely = fc.nat(5).map((n) => n === 0);
const anyLuck: fc.Arbitrary<Luck> = fc.record({
  crash: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.constantFrom("before", "written", "after")),
  leaseRunsOut: rarely,
  refused: rarely,
  verdict: fc.oneof({ weight: 6, arbitrary: fc.constant("good" as const) }, fc.constantFrom(...verdicts)),
  seconds: fc.integer({ min: 0, max: 3 }),
  received: fc.oneof(
    { weight: 9, arbitrary: fc.constant(null) },
    fc.constantFrom(...orders).map((order) => ({ kind: "ordered" as const, order })),
    fc.constant({ kind: "interrupted" as const, why: "the machine goes down" }),
  ),
});

/** Lets luck be the same from here on until the rollout ends; a paused rollout is resumed. */
function toTheEnd(world: World, luck: Luck): Extract<Rollout, { phase: "done" }> {
  const { steps, bake, holdFor } = world.plan;
  const enough = 20 + holdFor + bake + steps.reduce((sum, { seconds }) => sum + seconds, 0);
  for (let turn = 0; turn < enough; turn++) {
    if (world.rollout.phase === "done") return world.rollout;
    const paused = "paused" in world.rollout && world.rollout.paused;
    world.turn(paused ? { ...luck, received: { kind: "ordered", order: "resume" } } : luck);
  }
  assert.fail(`the rollout has not ended: ${JSON.stringify(world.rollout)}`);
}

function mustHaveEnded({ edge, plan, rollout }: World): void {
  assert.ok(rollout.phase === "done");
  assert.deepEqual([edge.candidate, edge.weight, edge.lease], [null, 0, null]);
  if (rollout.outcome === "committed") assert.deepEqual([edge.committed, edge.epoch], [plan.target, plan.epoch]);
  else assert.equal(edge.committed, plan.from);
  assert.equal(rollout.outcome === "reverted", edge.epoch === `${plan.epoch}-back`, "reverted is what was committed");
  assert.ok(rollout.outcome === "committed" || rollout.why);
}

describe("rollout, whatever happens", () => {
  it("ends with one color or the other, and without a candidate", () => {
    fc.assert(
      fc.property(
        anyPlan,
        fc.boolean(),
        fc.array(anyLuck, { maxLength: 40 }),
        fc.constantFrom(...verdicts),
        fc.boolean(),
        (plan, left, turns, verdict, refused) => {
          const world = new World(plan, left);
          for (const luck of turns) world.turn(luck);
          toTheEnd(world, { ...uneventful, verdict, refused });
          mustHaveEnded(world);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("without a job after a crash, one color is active and none is the candidate", () => {
    fc.assert(
      fc.property(anyPlan, fc.boolean(), fc.array(anyLuck, { maxLength: 20 }), (plan, left, turns) => {
        const world = new World(plan, left);
        for (const luck of turns) world.turn(luck);
        const { committed, candidate, weight, lease } = world.leftAlone();
        assert.ok(committed === plan.from || committed === plan.target);
        assert.deepEqual([candidate, weight, lease], [null, 0, null]);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("rollout, a job dying anywhere", () => {
  const plan: RolloutPlan = {
    target: "green",
    from: "blue",
    epoch: "this",
    steps: [
      { weight: 5, seconds: 3 },
      { weight: 25, seconds: 3 },
      { weight: 100, seconds: 0 },
    ],
    bake: 3,
    holdFor: 4,
    onInconclusive: "rollback",
  };
  const plans: RolloutPlan[] = [plan, { ...plan, steps: [] }, { ...plan, from: null }, { ...plan, from: "green" }];
  /** Which watch, if any, begins to see a breach. */
  const breachFrom = [1, 3, 5, Infinity];

  function end(of: RolloutPlan, breachAt: number, deathAt: number, death: Partial<Luck>) {
    const world = new World(of, true);
    for (let turn = 0; world.rollout.phase !== "done"; turn++) {
      assert.ok(turn < 100, "the rollout does not end");
      const verdict = turn >= breachAt ? "breach" : "good";
      world.turn({ ...uneventful, verdict, ...(turn === deathAt ? death : {}) });
    }
    mustHaveEnded(world);
    return { rollout: world.rollout, committed: world.edge.committed };
  }

  /** An end without what depends on time: whether the breach was seen before the commit or after it. */
  function timeless({ rollout, committed }: ReturnType<typeof end>) {
    assert.ok(rollout.phase === "done");
    const outcome = rollout.outcome === "committed" ? "committed" : "withdrawn or reverted";
    return { rollout: { ...rollout, outcome }, committed };
  }

  it("changes no end that does not depend on time", () => {
    for (const one of plans)
      for (const breachAt of breachFrom) {
        const undisturbed = end(one, breachAt, Infinity, {});
        for (const crash of ["before", "written", "after"] as const)
          for (let deathAt = 0; deathAt < 12; deathAt++) {
            const disturbed = end(one, breachAt, deathAt, { crash });
            // A job that starts again may see a breach before which the first would have ended.
            if (breachAt === Infinity || undisturbed.rollout.blame)
              assert.deepEqual(
                timeless(disturbed),
                timeless(undisturbed),
                JSON.stringify({ one, breachAt, crash, deathAt }),
              );
          }
      }
  });

  it("nor does the lease that runs out meanwhile", () => {
    for (const crash of ["before", "written", "after", null] as const)
      for (let deathAt = 0; deathAt < 12; deathAt++) {
        const { rollout, committed } = end(plan, Infinity, deathAt, { crash, leaseRunsOut: true });
        assert.deepEqual([rollout.outcome, committed], ["committed", "green"]);
      }
  });
});

describe("rollout, by its events alone", () => {
  const why = "because";
  const verdictOf = (kind: Verdict["kind"]): Verdict => ({ kind, reasons: [kind], warnings: [] });
  const anyEvent: fc.Arbitrary<RolloutEvent> = fc.oneof(
    fc.constantFrom(...(["prepared", "committed", "withdrawn", "reverted"] as const)).map((kind) => ({ kind })),
    fc
      .constantFrom(...(["unprepared", "uncommitted", "lease-lost", "interrupted"] as const))
      .map((kind) => ({ kind, why })),
    fc.constantFrom(...orders).map((order) => ({ kind: "ordered" as const, order })),
    fc
      .tuple(fc.constantFrom(...verdicts), fc.nat(6), fc.nat(6))
      .map(([kind, elapsed, heldFor]) => ({ kind: "watched" as const, verdict: verdictOf(kind), elapsed, heldFor })),
  );
  const place = (rollout: Rollout) => JSON.stringify({ ...rollout, paused: undefined });

  it("never throws, moves on only so often, and stays as it ended", () => {
    fc.assert(
      fc.property(anyPlan, fc.array(anyEvent, { maxLength: 200 }), (plan, events) => {
        let rollout = resume(plan, { committed: plan.from, epoch: "earlier", reversal: null });
        let moves = 0;
        for (const event of events) {
          const next = advance(rollout, event, plan);
          if (rollout.phase === "done") assert.equal(next, rollout);
          if (place(next) !== place(rollout)) moves++;
          rollout = next;
        }
        // A pause as the last step ends returns to that step.
        const pauses = events.filter((event) => event.kind === "ordered" && event.order === "pause").length;
        const most = (maxRestarts + 1 + pauses) * (plan.steps.length + 1) + 4;
        assert.ok(moves <= most, `${moves} moves`);
      }),
      { numRuns: 1_000 },
    );
  });

  it("a breach is never followed by a step forward", () => {
    const breach: RolloutEvent = { kind: "watched", verdict: verdictOf("breach"), elapsed: 99, heldFor: 0 };
    const plan: RolloutPlan = {
      target: "green",
      from: "blue",
      epoch: "this",
      steps: canarySteps,
      bake: 9,
      holdFor: 9,
      onInconclusive: "promote",
    };
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 12 }), fc.array(anyEvent, { maxLength: 12 }), (before, after) => {
        const start = resume(plan, { committed: "blue", epoch: "earlier", reversal: null });
        const rollout = before.reduce<Rollout>((state, event) => advance(state, event, plan), start);
        if (rollout.phase !== "step" && rollout.phase !== "bake") return;
        const end = [breach, ...after].reduce<Rollout>((state, event) => advance(state, event, plan), rollout);
        assert.ok(["withdraw", "revert", "done"].includes(end.phase), end.phase);
        assert.ok("blame" in end && end.blame);
      }),
      { numRuns: 1_000 },
    );
  });
});
