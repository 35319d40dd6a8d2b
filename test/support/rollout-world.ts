import assert from "node:assert/strict";
import { applyState, type EdgeChange, expire } from "../../core/edge/apply.ts";
import { type EdgeState, initialState } from "../../core/edge/state.ts";
import type { EdgeTime } from "../../core/edge/time.ts";
import { actionOf, advance, resume } from "../../core/rollout/machine.ts";
import type { RolloutPlan } from "../../core/rollout/plan.ts";
import type { Action, LeftReversal, Rollout, RolloutEvent } from "../../core/rollout/state.ts";
import type { Verdict } from "../../core/verdict/verdict.ts";

const leaseMs = 10_000;

/** What happens in one turn of a job. */
export interface Luck {
  /**
   * Where the job dies and another one takes over: before it acts, once it has recorded why it withdraws or reverts, or
   * when its act is done but not yet known to it.
   */
  crash: "before" | "written" | "after" | null;
  /** More time than a lease passes without a renewal. */
  leaseRunsOut: boolean;
  /** What can be refused in this turn is refused. */
  refused: boolean;
  verdict: Verdict["kind"];
  /** How long is watched, in seconds. */
  seconds: number;
  /** An order or an interruption before the job acts. */
  received: Extract<RolloutEvent, { kind: "ordered" | "interrupted" }> | null;
}

/** A turn in which nothing goes wrong. */
export const uneventful: Luck = {
  crash: null,
  leaseRunsOut: false,
  refused: false,
  verdict: "good",
  seconds: 2,
  received: null,
};

/** A rollout, the job that works on it, and the edge, by the edge's own rules and a clock that the test turns. */
export class World {
  readonly plan: RolloutPlan;
  edge: EdgeState;
  rollout: Rollout;
  readonly #now = { bootId: "boot", uptimeMs: 0, wallMs: 0 } satisfies EdgeTime;
  #reversal: LeftReversal | null = null;
  #job = newJob();

  /** @param left whether an earlier job left the target as candidate */
  constructor(plan: RolloutPlan, left: boolean) {
    this.plan = plan;
    this.edge = initialState("fresh");
    this.#change({ kind: "announce", color: "blue", release: "b" }, { kind: "announce", color: "green", release: "g" });
    if (plan.from !== null) this.#change({ kind: "commit", color: plan.from, epoch: "earlier" });
    if (plan.from !== null && plan.from !== plan.target && left) this.#setCandidate();
    this.rollout = this.#resumed();
  }

  /** One turn of the job, or its death and the start of the next one. Nothing once the rollout has ended. */
  turn(luck: Luck): void {
    this.#pass(luck.leaseRunsOut ? leaseMs + 1_000 : 1_000);
    if (luck.received) this.#advance(luck.received);
    if (this.rollout.phase === "done") return;
    const event = this.#act(luck);
    if (event) this.#advance(event);
    else this.#takeOver();
  }

  /** What the job does now; null when it dies over it. */
  #act(luck: Luck): RolloutEvent | null {
    if (luck.crash === "before") return null;
    const action = actionOf(this.rollout, this.plan);
    const { rollout } = this;
    if (rollout.phase === "withdraw") this.#reversal = rollout;
    if (rollout.phase === "revert") this.#reversal = { why: rollout.why, blame: rollout.blame, isRevert: true };
    if (luck.crash === "written") return null;
    const event = this.#perform(action, luck);
    this.#mustBeSound();
    return luck.crash === "after" ? null : event;
  }

  /** The edge after no job has renewed its lease. */
  leftAlone(): EdgeState {
    return expire(this.edge, { ...this.#now, uptimeMs: this.#now.uptimeMs + leaseMs });
  }

  #takeOver(): void {
    this.#job = newJob();
    this.rollout = this.#resumed();
  }

  #resumed(): Rollout {
    return resume(this.plan, { ...this.edge, reversal: this.#reversal });
  }

  #advance(event: RolloutEvent): void {
    const before = this.rollout;
    this.rollout = advance(before, event, this.plan);
    if (place(before) !== place(this.rollout)) Object.assign(this.#job, { elapsed: 0, heldFor: 0 });
  }

  #perform(action: Action, luck: Luck): RolloutEvent {
    const { target, from, epoch } = this.plan;
    if (this.#reversal !== null)
      assert.ok(["withdraw", "revert"].includes(action.kind), `${action.kind} of what is withdrawn or reverted`);
    switch (action.kind) {
      case "prepare":
        this.#change({ kind: "withdraw" });
        this.#job.hasCandidate = false;
        if (luck.refused) return { kind: "unprepared", why: "not ready" };
        this.#job.prepared = true;
        return { kind: "prepared" };
      case "step":
        if (this.#job.hasCandidate && this.edge.candidate === null)
          return { kind: "lease-lost", why: "the lease ran out" };
        this.#setCandidate(action.weight);
        this.#job.hasCandidate = true;
        return this.#watch(luck, action.paused);
      case "bake":
        return this.#watch(luck, false);
      case "commit":
        assert.ok(this.#job.prepared, "a commit of what was not prepared");
        assert.notEqual(this.#job.verdict, "breach", "a commit of what was in breach");
        if (luck.refused) return { kind: "uncommitted", why: "refused" };
        this.#change({ kind: "commit", color: target, epoch, expectedCommitted: from });
        return { kind: "committed" };
      case "withdraw":
        this.#change({ kind: "withdraw" });
        return { kind: "withdrawn" };
      case "revert":
        if (luck.refused) return { kind: "uncommitted", why: "the old color is gone" };
        this.#change({ kind: "commit", color: action.to, epoch: `${epoch}-back`, expectedCommitted: target });
        return { kind: "reverted" };
      case "finish":
        assert.fail("the rollout has ended");
    }
  }

  #watch({ verdict: kind, seconds }: Luck, paused: boolean): RolloutEvent {
    const job = this.#job;
    job.verdict = kind;
    if (kind !== "shared" && !paused) job.elapsed += seconds;
    job.heldFor = kind === "shared" ? job.heldFor + seconds : 0;
    const verdict: Verdict = { kind, reasons: kind === "good" ? [] : [`it is ${kind}`], warnings: [] };
    return { kind: "watched", verdict, elapsed: job.elapsed, heldFor: job.heldFor };
  }

  #setCandidate(weight = 50): void {
    this.#change({ kind: "candidate", color: this.plan.target, weight, leaseMs });
  }

  #change(...changes: EdgeChange[]): void {
    for (const change of changes) this.edge = applyState(this.edge, change, this.#now);
  }

  #pass(ms: number): void {
    this.#now.uptimeMs += ms;
    this.#now.wallMs += ms;
    this.edge = expire(this.edge, this.#now);
  }

  /** What holds at every moment, and after every moment if no job continues. */
  #mustBeSound(): void {
    const { plan, edge } = this;
    assert.ok(edge.committed === plan.from || edge.committed === plan.target, `${edge.committed} serves`);
    assert.ok(edge.candidate === null || edge.candidate === plan.target, `${edge.candidate} is the candidate`);
    const alone = this.leftAlone();
    assert.deepEqual([alone.committed, alone.candidate, alone.weight], [edge.committed, null, 0]);
  }
}

function newJob() {
  return { prepared: false, hasCandidate: false, elapsed: 0, heldFor: 0, verdict: null as Verdict["kind"] | null };
}

function place(rollout: Rollout): string {
  return rollout.phase === "step" ? `step ${rollout.index}` : rollout.phase;
}
