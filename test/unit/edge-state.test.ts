import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { colors } from "../../core/color.ts";
import { applyState, type EdgeChange, expire } from "../../core/edge/apply.ts";
import { mapValue, parseReleases, parseServe, previewColor, releaseEntries, startValue } from "../../core/edge/map.ts";
import { EdgeRefusal, type RefusalCode } from "../../core/edge/refusal.ts";
import { type EdgeState, initialState } from "../../core/edge/state.ts";
import type { EdgeTime } from "../../core/edge/time.ts";

const now: EdgeTime = { bootId: "boot", uptimeMs: 50_000, wallMs: 1_700_000_000_000 };
const apply = (state: EdgeState, ...changes: EdgeChange[]) =>
  changes.reduce((before, change) => applyState(before, change, now), state);
const both: EdgeChange[] = [
  { kind: "announce", color: "blue", release: "1.0.0" },
  { kind: "announce", color: "green", release: "1.1.0" },
];
const serving = apply(initialState("e0"), ...both, { kind: "commit", color: "blue", epoch: "e1" });

const anyColor = fc.constantFrom(...colors);
const anyChange: fc.Arbitrary<EdgeChange> = fc.oneof(
  fc.record({
    kind: fc.constant("announce" as const),
    color: anyColor,
    release: fc.constantFrom("1", "2.0.0+b", "registry/api:2", ""),
    also: fc.constantFrom(undefined, "1", "3"),
  }),
  fc.record({
    kind: fc.constant("commit" as const),
    color: anyColor,
    epoch: fc.constantFrom("a", "b"),
    expectedCommitted: fc.constantFrom(undefined, null, "blue" as const, "green" as const),
    skewMs: fc.constantFrom(undefined, 0, 5_000, -1),
    drainMs: fc.constantFrom(undefined, 0, 5_000, -1),
  }),
  fc.record({
    kind: fc.constant("candidate" as const),
    color: anyColor,
    weight: fc.integer({ min: -10, max: 110 }),
    leaseMs: fc.integer({ min: 0, max: 10_000 }),
  }),
  fc.record({ kind: fc.constant("renew" as const), leaseMs: fc.integer({ min: 0, max: 10_000 }) }),
  fc.constant({ kind: "withdraw" as const }),
  fc.constant({ kind: "end-skew" as const }),
  fc.record({
    kind: fc.constant("maintenance" as const),
    on: fc.boolean(),
    retryAfterSeconds: fc.constantFrom(90, 0, 1e9),
  }),
);

/** Refused changes leave the state; anything but a refusal fails the test. */
function attempt(state: EdgeState, change: EdgeChange, at: EdgeTime): EdgeState {
  try {
    return applyState(state, change, at);
  } catch (error) {
    assert.ok(error instanceof EdgeRefusal, String(error));
    return state;
  }
}

describe("edge state", () => {
  it("refuses a change that does not fit, with a code", () => {
    const cases: [EdgeState, EdgeChange, RefusalCode][] = [
      [serving, { kind: "announce", color: "red" as "blue", release: "1" }, "unknown-color"],
      [serving, { kind: "announce", color: "blue", release: "two words" }, "bad-release"],
      [serving, { kind: "announce", color: "blue", release: "2.0.0", also: "-" }, "bad-release"],
      [initialState("e"), { kind: "commit", color: "blue", epoch: "x" }, "no-release"],
      [serving, { kind: "commit", color: "green", epoch: "line\nbreak" }, "bad-epoch"],
      [serving, { kind: "commit", color: "green", epoch: "x", expectedCommitted: "green" }, "committed-differs"],
      [serving, { kind: "commit", color: "green", epoch: "x", skewMs: 86_400_001 }, "bad-skew"],
      [serving, { kind: "commit", color: "green", epoch: "x", skewMs: -1 }, "bad-skew"],
      [serving, { kind: "maintenance", on: true, retryAfterSeconds: 0 }, "bad-maintenance"],
      [serving, { kind: "commit", color: "green", epoch: "x", drainMs: 0.5 }, "bad-drain"],
      [serving, { kind: "commit", color: "green", epoch: "x", drainMs: 1, drainSpreadMs: -1 }, "bad-drain"],
      [serving, { kind: "commit", color: "green", epoch: "x", expectedCommitted: null }, "committed-differs"],
      [serving, { kind: "candidate", color: "blue", weight: 5, leaseMs: 5_000 }, "candidate-is-committed"],
      [serving, { kind: "candidate", color: "green", weight: 5.5, leaseMs: 5_000 }, "bad-weight"],
      [serving, { kind: "candidate", color: "green", weight: 101, leaseMs: 5_000 }, "bad-weight"],
      [serving, { kind: "candidate", color: "green", weight: 5, leaseMs: 999 }, "bad-lease"],
      [serving, { kind: "candidate", color: "green", weight: 5, leaseMs: 3_600_001 }, "bad-lease"],
      [
        apply(initialState("e"), ...both),
        { kind: "candidate", color: "green", weight: 5, leaseMs: 5_000 },
        "nothing-committed",
      ],
      [serving, { kind: "renew", leaseMs: 5_000 }, "no-candidate"],
    ];
    for (const [state, change, code] of cases)
      assert.throws(
        () => applyState(state, change, now),
        (error) => error instanceof EdgeRefusal && error.code === code,
        code,
      );
  });

  it("writes the map's value", () => {
    assert.equal(mapValue(initialState("e")), "-:-:0:-:-:-");
    assert.equal(mapValue(apply(initialState("e"), ...both)), "-:-:0:green:-:-");
    assert.equal(mapValue(serving), "blue:-:0:green:-:-");
    const canaryStep = apply(serving, { kind: "candidate", color: "green", weight: 25, leaseMs: 5_000 });
    assert.equal(mapValue(canaryStep), "blue:green:25:green:-:-");
    assert.equal(startValue(canaryStep), "blue:-:0:green:-:-");
    assert.deepEqual(releaseEntries(serving), [
      ["blue", "1.0.0"],
      ["blue/1.0.0", "1.0.0"],
      ["green", "1.1.0"],
      ["green/1.1.0", "1.1.0"],
    ]);
    assert.deepEqual(releaseEntries(initialState("e")), [
      ["blue", "-"],
      ["green", "-"],
    ]);
  });

  it("gives the same result for a commit that is repeated because its answer was lost", () => {
    const commit: EdgeChange = { kind: "commit", color: "green", epoch: "e2", expectedCommitted: "blue" };
    const once = applyState(serving, commit, now);
    assert.deepEqual(applyState(once, commit, now), once);
  });

  it("keeps its invariants under any change", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyChange, fc.integer({ min: 0, max: 4_000 })), { maxLength: 40 }), (steps) => {
        let state = initialState("e");
        let at = now;
        for (const [change, passed] of steps) {
          at = { ...at, uptimeMs: at.uptimeMs + passed, wallMs: at.wallMs + passed };
          state = attempt(expire(state, at), change, at);
          assert.equal(state.lease === null, state.candidate === null);
          if (state.candidate === null) assert.equal(state.weight, 0);
          else {
            assert.notEqual(state.candidate, state.committed);
            assert.notEqual(state.releases[state.candidate], null);
            assert.ok((state.lease?.deadlineMs ?? 0) <= at.uptimeMs + 10_000);
          }
          if (state.committed !== null) {
            assert.notEqual(state.releases[state.committed], null);
            assert.notEqual(previewColor(state), state.committed);
          }
          const { releases, also } = state;
          assert.deepEqual(parseReleases(new Map(releaseEntries(state))), { releases, also });
          if (state.skew !== null) {
            assert.equal(state.candidate, null);
            assert.notEqual(state.skew.color, state.committed);
            assert.notEqual(state.releases[state.skew.color], null);
            assert.ok(state.skew.deadlineMs <= at.uptimeMs + 5_000);
          }
          if (state.drain !== null) assert.notEqual(state.drain.color, state.committed);
          assert.match(mapValue(state), /^(blue|green|-):(blue|green|-):\d{1,3}:(blue|green|-):(blue|green|-):(90|-)$/);
          const { committed, candidate, weight, maintenance } = state;
          const skew = state.skew?.color ?? null;
          assert.deepEqual(parseServe(mapValue(state)), {
            committed,
            candidate,
            weight,
            skew,
            maintenance,
            preview: previewColor(state),
          });
        }
      }),
    );
  });

  it("trusts a second release of a color until the next announcement", () => {
    const rolling = apply(serving, { kind: "announce", color: "blue", release: "2.0.0", also: "1.0.0" });
    assert.deepEqual(releaseEntries(rolling).slice(0, 3), [
      ["blue", "2.0.0"],
      ["blue/2.0.0", "2.0.0"],
      ["blue/1.0.0", "1.0.0"],
    ]);
    assert.equal(apply(rolling, { kind: "announce", color: "green", release: "3.0.0" }).also.blue, "1.0.0");
    assert.equal(apply(rolling, { kind: "announce", color: "blue", release: "2.0.0" }).also.blue, null);
    assert.equal(apply(serving, { kind: "announce", color: "blue", release: "2.0.0", also: "2.0.0" }).also.blue, null);
  });

  it("keeps users on the previous color until the skew expires, or another commit, release or candidate", () => {
    const moved = apply(serving, { kind: "commit", color: "green", epoch: "e2", skewMs: 10_000 });
    assert.equal(moved.skew?.color, "blue");
    assert.equal(mapValue(moved), "green:-:0:blue:blue:-");
    assert.equal(startValue(moved), "green:-:0:blue:-:-");
    const later = { ...now, uptimeMs: now.uptimeMs + 9_999, wallMs: 0 };
    assert.equal(expire(moved, later), moved);
    assert.equal(expire(moved, { ...now, uptimeMs: now.uptimeMs + 10_000 }).skew, null);
    assert.equal(expire(moved, { ...now, bootId: "another" }).skew, null);
    const again = applyState(moved, { kind: "commit", color: "green", epoch: "e2", skewMs: 10_000 }, later);
    assert.deepEqual(again, moved, "repeating the commit does not start it again");
    const after = (change: EdgeChange) => apply(moved, change).skew?.color ?? null;
    assert.equal(after({ kind: "commit", color: "blue", epoch: "e3" }), null);
    assert.equal(after({ kind: "commit", color: "green", epoch: "e3", skewMs: 5_000 }), null, "nothing moved");
    assert.equal(after({ kind: "commit", color: "blue", epoch: "e3", skewMs: 5_000 }), "green");
    assert.equal(after({ kind: "end-skew" }), null);
    assert.equal(after({ kind: "candidate", color: "blue", weight: 5, leaseMs: 5_000 }), null);
    assert.equal(after({ kind: "announce", color: "blue", release: "2.0.0" }), null);
    assert.equal(after({ kind: "announce", color: "blue", release: "1.0.0" }), "blue");
    assert.equal(after({ kind: "announce", color: "green", release: "2.0.0" }), "blue");
    assert.equal(after({ kind: "withdraw" }), "blue");
  });

  it("drains the previous color until it is active again or the machine reboots", () => {
    const moved = apply(serving, { kind: "commit", color: "green", epoch: "e2", drainMs: 10_000 });
    assert.deepEqual(moved.drain, {
      ...{ color: "blue", spreadMs: 30_000, ttlMs: 10_000, expiresAt: now.wallMs + 10_000, bootId: "boot" },
      deadlineMs: now.uptimeMs + 10_000,
    });
    const later = { ...now, uptimeMs: now.uptimeMs + 60_000 };
    assert.equal(expire(moved, later), moved, "it ends when no session remains, not by time");
    assert.equal(expire(moved, { ...later, bootId: "another" }).drain, null);
    assert.deepEqual(applyState(moved, { kind: "commit", color: "green", epoch: "e2", drainMs: 10_000 }, later), moved);
    const after = (change: EdgeChange) => apply(moved, change).drain;
    assert.equal(after({ kind: "commit", color: "green", epoch: "e3" }), moved.drain, "nothing moved");
    assert.equal(after({ kind: "commit", color: "blue", epoch: "e3" }), null);
    assert.equal(after({ kind: "commit", color: "blue", epoch: "e3", drainMs: 0 })?.color, "green");
    assert.equal(after({ kind: "candidate", color: "blue", weight: 5, leaseMs: 5_000 }), moved.drain);
    assert.equal(apply(serving, { kind: "commit", color: "green", epoch: "e2" }).drain, null, "none by default");
  });

  it("keeps maintenance over commits and restarts until it is turned off", () => {
    const down = apply(serving, { kind: "maintenance", on: true, retryAfterSeconds: 90 });
    assert.equal(startValue(down), "blue:-:0:green:-:90");
    const moved = apply(down, { kind: "commit", color: "green", epoch: "e2" });
    assert.deepEqual(moved.maintenance, { retryAfterSeconds: 90 });
    assert.deepEqual(expire(moved, { ...now, bootId: "another" }), moved);
    assert.equal(apply(moved, { kind: "maintenance", on: false }).maintenance, null);
    assert.equal(mapValue(apply(serving, { kind: "maintenance", on: true })), "blue:-:0:green:-:120");
  });

  it("reads the map of an older agent", () => {
    assert.deepEqual(parseServe("blue:-:0:green"), {
      ...{ committed: "blue", candidate: null, weight: 0, preview: "green", skew: null, maintenance: null },
    });
  });

  it("never lets a lease last longer than its time, whatever the wall clock does", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 10_000 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: -1e12, max: 1e12 }),
        fc.boolean(),
        (leaseMs, passed, jump, rebooted) => {
          const canaryStep = apply(serving, { kind: "candidate", color: "green", weight: 10, leaseMs });
          const later = {
            bootId: rebooted ? "another" : now.bootId,
            uptimeMs: now.uptimeMs + passed,
            wallMs: now.wallMs + passed + jump,
          };
          const after = expire(canaryStep, later);
          const expected = rebooted || passed >= leaseMs ? serving : canaryStep;
          assert.deepEqual(after, expected);
        },
      ),
    );
  });
});
