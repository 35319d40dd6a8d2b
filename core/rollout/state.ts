import type { Color } from "../color.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { RolloutStep } from "./plan.ts";

/** Why a rollout is undone. `blame`: the release is at fault and has an incident; else it may be tried again as it is. */
export interface Reversal {
  why: string;
  blame: boolean;
}

/**
 * How a rollout ends. `committed`: the target serves. `rolled-back`: the old color serves, the release was at fault.
 * `held-back`: the old color serves, and the release is not to blame.
 */
export type Outcome = "committed" | "rolled-back" | "held-back";

/** The end of a rollout. `committed` has a `why` when it did not end well, and `blame` when only a way back was missing. */
export interface Ending {
  outcome: Outcome;
  why: string | null;
  blame: boolean;
}

/** Where a rollout is. `restarts` counts how often its candidate was lost. */
export type Rollout =
  | { phase: "prepare"; paused: boolean; restarts: number }
  | { phase: "step"; index: number; step: RolloutStep; paused: boolean; restarts: number }
  | { phase: "commit" }
  | { phase: "bake" }
  | ({ phase: "withdraw" } & Reversal)
  | ({ phase: "revert"; to: Color } & Reversal)
  | ({ phase: "done" } & Ending);

/**
 * What is to be done; every action may be done again.
 *
 * `prepare`: take back what an earlier job left on trial, and see that the target can serve. `trial`: make the target the
 * candidate with this weight, keep its lease and watch; time does not count while paused. `commit`: give the target all
 * requests. `bake`: watch. `withdraw`: take the candidate back. `revert`: give a color all requests again.
 * Before a `withdraw` or `revert` the rollout's `Undoing` is written down, for whoever goes on after a crash.
 */
export type Action =
  | { kind: "prepare" | "commit" | "withdraw" }
  | { kind: "trial"; weight: number; index: number; seconds: number; paused: boolean }
  | { kind: "bake"; seconds: number }
  | { kind: "revert"; to: Color }
  | ({ kind: "finish" } & Ending);

/** What a person may ask for while a rollout is under way. */
export type Order = "promote" | "abort" | "pause" | "resume";

/** What happened. */
export type RolloutEvent =
  /** The action was performed. */
  | { kind: "prepared" | "committed" | "withdrawn" | "reverted" }
  | { kind: "unprepared"; why: string }
  /** The edge refused a commit or a revert and has not made it. No word from the edge is no refusal: ask again. */
  | { kind: "uncommitted"; why: string }
  /** The candidate is not on the edge any more, or the edge does not take it. */
  | { kind: "lease-lost"; why: string }
  /**
   * A look at the figures. `elapsed`: seconds of this step or bake in which time counted, which it does not while paused;
   * while the verdict is `shared` it is 0, and counts from there. `heldFor`: seconds of this step or bake in which the
   * verdict was `shared`.
   */
  | { kind: "watched"; verdict: Verdict; elapsed: number; heldFor: number }
  /** In a commit only what is heard before it is made: afterwards it is told to what comes next. */
  | { kind: "ordered"; order: Order }
  /** The job has to end. */
  | { kind: "interrupted"; why: string };
