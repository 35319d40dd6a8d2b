import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { actionOf, advance, maxRestarts, resume } from "../../core/rollout/machine.ts";
import { canarySteps, type RolloutPlan, watchedSteps } from "../../core/rollout/plan.ts";
import type { Order, Rollout, RolloutEvent } from "../../core/rollout/state.ts";
import type { Verdict } from "../../core/verdict/verdict.ts";

const plan: RolloutPlan = {
  target: "green",
  from: "blue",
  epoch: "e2",
  steps: canarySteps,
  bake: 120,
  holdFor: 180,
  onInconclusive: "rollback",
};
const blueGreen: RolloutPlan = { ...plan, steps: [{ weight: 100, seconds: 0 }] };
const first: RolloutPlan = { ...plan, from: null };

const prepared: RolloutEvent = { kind: "prepared" };
const committed: RolloutEvent = { kind: "committed" };
const withdrawn: RolloutEvent = { kind: "withdrawn" };
const reverted: RolloutEvent = { kind: "reverted" };
const lost: RolloutEvent = { kind: "lease-lost", why: "the candidate is gone" };
const refused: RolloutEvent = { kind: "uncommitted", why: "blue is not ready" };
const interrupted: RolloutEvent = { kind: "interrupted", why: "the job was interrupted" };
const ordered = (order: Order): RolloutEvent => ({ kind: "ordered", order });
const watched = (kind: Verdict["kind"], elapsed: number, heldFor = 0): RolloutEvent => ({
  kind: "watched",
  verdict: { kind, reasons: kind === "good" ? [] : ["error rate 2.1 %", "api: 1 of 2 ready"], warnings: [] },
  elapsed,
  heldFor,
});

const start = (of: RolloutPlan) => resume(of, { committed: of.from, epoch: "e1", reversal: null });
const play = (of: RolloutPlan, ...events: RolloutEvent[]) =>
  events.reduce<Rollout>((rollout, event) => advance(rollout, event, of), start(of));

/** Phase, with the step's weight and what else is to be seen. */
function shown(rollout: Rollout): string {
  switch (rollout.phase) {
    case "prepare":
      return `prepare${rollout.paused ? " paused" : ""}`;
    case "step":
      return `${rollout.step.weight} %${rollout.paused ? " paused" : ""}`;
    case "withdraw":
    case "revert":
      return `${rollout.phase}${rollout.blame ? ", blamed" : ""}: ${rollout.why}`;
    case "done":
      return `${rollout.outcome}${rollout.blame ? ", blamed" : ""}: ${rollout.why ?? "well"}`;
    default:
      return rollout.phase;
  }
}

const trouble = "error rate 2.1 %; api: 1 of 2 ready";
const at5 = [prepared];
const at25 = [prepared, watched("good", 300)];
const atCommit = [...at25, watched("good", 600)];
const baking = [...atCommit, committed];

describe("rollout", () => {
  const paths: [string, RolloutPlan, RolloutEvent[], string][] = [
    ["begins with preparing", plan, [], "prepare"],
    ["a canary begins with its first step", plan, at5, "5 %"],
    ["a step lasts its time", plan, [prepared, watched("good", 299.9)], "5 %"],
    ["then comes the next", plan, at25, "25 %"],
    ["the step of 0 s is the commit", plan, atCommit, "commit"],
    ["the commit is watched", plan, baking, "bake"],
    ["the bake lasts its time", plan, [...baking, watched("good", 119)], "bake"],
    ["and then all is well", plan, [...baking, watched("good", 120)], "committed: well"],
    ["no bake, no watch after the commit", { ...plan, bake: 0 }, [...atCommit, committed], "committed: well"],
    ["blue-green commits once prepared", blueGreen, [prepared], "commit"],
    ["the first deploy has no active color to be compared with", first, [prepared], "commit"],
    ["nor has a color that is active already", { ...plan, from: "green" }, [prepared], "commit"],
    ["100 % may be a step with a time", { ...plan, steps: [{ weight: 100, seconds: 60 }] }, [prepared], "100 %"],

    [
      "what cannot be prepared is withdrawn",
      plan,
      [{ kind: "unprepared", why: "api: 0 of 2" }],
      "withdraw: api: 0 of 2",
    ],
    ["a breach ends a step", plan, [...at25, watched("breach", 1)], `withdraw, blamed: ${trouble}`],
    ["also in its last moment", plan, [...at25, watched("breach", 600)], `withdraw, blamed: ${trouble}`],
    ["and is an incident", plan, [...at25, watched("breach", 1), withdrawn], `withdrawn, blamed: ${trouble}`],
    ["a fault of both colors holds a step", plan, [...at5, watched("shared", 300, 179)], "5 %"],
    ["which continues after it", plan, [...at5, watched("shared", 200, 179), watched("good", 300)], "25 %"],
    [
      "held too long, the release is not blamed",
      plan,
      [...at5, watched("shared", 10, 180), withdrawn],
      `withdrawn: both colors have been failing for 180 s: ${trouble}`,
    ],
    ["too few answers have no effect before the end", plan, [...at5, watched("inconclusive", 200)], "5 %"],
    ["but no pass", plan, [...at5, watched("inconclusive", 300)], `withdraw: inconclusive: ${trouble}`],
    [
      "unless the settings say so",
      { ...plan, onInconclusive: "promote" },
      [...at5, watched("inconclusive", 300)],
      "25 %",
    ],

    ["promote skips the rest of a step", plan, [...at5, ordered("promote")], "25 %"],
    ["promote after the last step commits", plan, [...at25, ordered("promote")], "commit"],
    ["promote ends a pause", plan, [...at5, ordered("pause"), ordered("promote")], "25 %"],
    [
      "abort withdraws the candidate",
      plan,
      [...at25, ordered("abort"), withdrawn],
      "withdrawn: aborted by an operator",
    ],
    ["a pause outlasts the step", plan, [...at5, ordered("pause"), watched("good", 300)], "5 % paused"],
    ["until resumed", plan, [...at5, ordered("pause"), ordered("resume"), watched("good", 300)], "25 %"],
    ["a breach heeds no pause", plan, [...at5, ordered("pause"), watched("breach", 0)], `withdraw, blamed: ${trouble}`],
    ["a pause while preparing holds in the first step", plan, [ordered("pause"), prepared], "5 % paused"],
    ["abort while preparing", plan, [ordered("abort")], "withdraw: aborted by an operator"],
    ["an interruption withdraws", plan, [...at25, interrupted, withdrawn], "withdrawn: the job was interrupted"],

    ["a lost candidate starts again", plan, [...at25, lost], "prepare"],
    ["at the first step", plan, [...at25, lost, prepared], "5 %"],
    ["still paused", plan, [...at25, ordered("pause"), lost, prepared], "5 % paused"],
    [
      "not for ever",
      plan,
      Array.from({ length: maxRestarts + 1 }, () => [...at25, lost]).flat(),
      "withdraw: the candidate is gone",
    ],

    ["a refused commit is withdrawn", plan, [...atCommit, refused, withdrawn], "withdrawn: blue is not ready"],
    ["interrupted before the commit", plan, [...atCommit, interrupted], "withdraw: the job was interrupted"],
    ["aborted before the commit", plan, [...atCommit, ordered("abort")], "withdraw: aborted by an operator"],
    ["paused before the commit: the last share is kept", plan, [...atCommit, ordered("pause")], "25 % paused"],
    ["without a step there is nothing to pause", { ...plan, steps: [] }, [prepared, ordered("pause")], "commit"],
    ["a commit is not promoted, and no lease is lost in it", plan, [...atCommit, ordered("promote"), lost], "commit"],

    ["a breach in the bake reverts", plan, [...baking, watched("breach", 1)], `revert, blamed: ${trouble}`],
    ["to the old color", plan, [...baking, watched("breach", 1), reverted], `reverted, blamed: ${trouble}`],
    [
      "which may not be ready any more",
      plan,
      [...baking, watched("breach", 1), refused],
      `committed, blamed: ${trouble}; it cannot be reverted: blue is not ready`,
    ],
    [
      "or never was",
      first,
      [prepared, committed, watched("breach", 1)],
      `committed, blamed: ${trouble}; it cannot be reverted: no other color was active before`,
    ],
    ["abort in the bake reverts", plan, [...baking, ordered("abort"), reverted], "reverted: aborted by an operator"],
    ["other orders have no effect there", plan, [...baking, ordered("promote"), ordered("pause")], "bake"],
    ["a fault of both colors holds the bake", plan, [...baking, watched("shared", 5, 100)], "bake"],
    [
      "too long, and the release stays",
      plan,
      [...baking, watched("shared", 5, 180)],
      `committed: both colors have been failing for 180 s: ${trouble}`,
    ],
    [
      "too few answers in the bake",
      plan,
      [...baking, watched("inconclusive", 120)],
      `revert: inconclusive: ${trouble}`,
    ],
    [
      "too few answers, promoted",
      { ...plan, onInconclusive: "promote" },
      [...baking, watched("inconclusive", 120)],
      `committed: inconclusive: ${trouble}`,
    ],
    ["an interrupted bake leaves the commit", plan, [...baking, interrupted], "committed: the job was interrupted"],

    ["what comes late changes nothing", plan, [...at5, prepared, committed, withdrawn, reverted, refused], "5 %"],
    [
      "nor while the candidate is withdrawn",
      plan,
      [...at5, interrupted, watched("good", 300), ordered("promote"), prepared, committed, reverted, lost],
      "withdraw: the job was interrupted",
    ],
    [
      "nor while reverting",
      plan,
      [...baking, watched("breach", 1), watched("good", 120), ordered("promote"), committed, withdrawn, interrupted],
      `revert, blamed: ${trouble}`,
    ],
    [
      "nor after the end",
      plan,
      [ordered("abort"), withdrawn, prepared, committed, ordered("promote")],
      "withdrawn: aborted by an operator",
    ],
  ];
  for (const [name, of, events, end] of paths) it(name, () => assert.equal(shown(play(of, ...events)), end));
});

describe("what is to be done", () => {
  it("follows from where the rollout is", () => {
    const cases: [Rollout, unknown][] = [
      [play(plan), { kind: "prepare" }],
      [play(plan, ...at25), { kind: "step", index: 1, weight: 25, seconds: 600, paused: false }],
      [play(plan, ...at5, ordered("pause")), { kind: "step", index: 0, weight: 5, seconds: 300, paused: true }],
      [play(plan, ...atCommit), { kind: "commit" }],
      [play(plan, ...baking), { kind: "bake", seconds: 120 }],
      [play(plan, interrupted), { kind: "withdraw" }],
      [play(plan, ...baking, watched("breach", 1)), { kind: "revert", to: "blue" }],
      [
        play(plan, interrupted, withdrawn),
        { kind: "finish", outcome: "withdrawn", why: "the job was interrupted", blame: false },
      ],
    ];
    for (const [rollout, action] of cases) assert.deepEqual(actionOf(rollout, plan), action);
  });
});

describe("a job that continues", () => {
  const reversal = { why: trouble, blame: true };
  const ofAnotherKind = { ...reversal, phase: "revert", to: "blue" };
  const cases: [string, RolloutPlan, Parameters<typeof resume>[1], string][] = [
    ["starts again before the commit", plan, { committed: "blue", epoch: "e1", reversal: null }, "prepare"],
    ["starts again when no color is active", first, { committed: null, epoch: "fresh", reversal: null }, "prepare"],
    ["watches what is committed", plan, { committed: "green", epoch: "e2", reversal: null }, "bake"],
    [
      "has nothing to watch without a bake",
      { ...plan, bake: 0 },
      { committed: "green", epoch: "e2", reversal: null },
      "committed: well",
    ],
    [
      "does not take an earlier commit for its own",
      plan,
      { committed: "green", epoch: "e1", reversal: null },
      "prepare",
    ],
    ["nor one of the other color", plan, { committed: "blue", epoch: "e2", reversal: null }, "prepare"],
    ["continues a withdrawal", plan, { committed: "blue", epoch: "e1", reversal }, `withdraw, blamed: ${trouble}`],
    ["continues a revert", plan, { committed: "green", epoch: "e2", reversal }, `revert, blamed: ${trouble}`],
    ["sees that a revert was made", plan, { committed: "blue", epoch: "e3", reversal }, `withdraw, blamed: ${trouble}`],
    [
      "takes only the reason of what was reverted",
      plan,
      { committed: "blue", epoch: "e1", reversal: ofAnotherKind },
      `withdraw, blamed: ${trouble}`,
    ],
  ];
  for (const [name, of, found, phase] of cases) it(name, () => assert.equal(shown(resume(of, found)), phase));
});

describe("watched steps", () => {
  it("are those that take time, beside another color", () => {
    assert.deepEqual(watchedSteps(plan), [
      { weight: 5, seconds: 300 },
      { weight: 25, seconds: 600 },
    ]);
    for (const none of [blueGreen, { ...plan, steps: [] }, first, { ...plan, from: "green" as const }])
      assert.deepEqual(watchedSteps(none), []);
  });
});
