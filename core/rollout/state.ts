import type { Color } from "../color.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { RolloutStep } from "./plan.ts";

/** Why a rollout is withdrawn or reverted. `blame`: the release is at fault; else it may be deployed again as it is. */
export interface Reversal {
  why: string;
  blame: boolean;
}

/** The reversal that an earlier job began and did not finish. */
export interface LeftReversal extends Reversal {
  /** It had committed before. Default false. */
  isRevert?: boolean;
}

/**
 * How a rollout ends. `committed`: the target is active. `withdrawn`: the candidate lost its share before the commit.
 * `reverted`: the color that was active before is active again, after a commit.
 */
export type Outcome = "committed" | "withdrawn" | "reverted";

/**
 * The end of a rollout. `blame`: the release is at fault, and has an incident unless it is still active because there was
 * no color to revert to. `committed` has a `why` when not everything went well.
 */
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
  | ({ phase: "withdraw" } & LeftReversal)
  | ({ phase: "revert"; to: Color } & Reversal)
  | ({ phase: "done" } & Ending);

/**
 * What is to be done; every action may be done again.
 *
 * `prepare`: clear the candidate of an earlier job, and check that the target can serve. `step`: make the target the
 * candidate with this weight, renew its lease and watch; time does not count while paused. `commit`: give the target all
 * requests. `bake`: watch. `withdraw`: clear the candidate. `revert`: give a color all requests again.
 * Before a `withdraw` or `revert` the rollout's `Reversal` is recorded, for the job that continues after a crash.
 */
export type Action =
  | { kind: "prepare" | "commit" | "withdraw" }
  | { kind: "step"; weight: number; index: number; seconds: number; paused: boolean }
  | { kind: "bake"; seconds: number }
  | { kind: "revert"; to: Color }
  | ({ kind: "finish" } & Ending);

/** What an operator may ask for while a rollout is under way. */
export type Order = "promote" | "abort" | "pause" | "resume";

/** What happened. */
export type RolloutEvent =
  /** The action was performed. */
  | { kind: "prepared" | "committed" | "withdrawn" | "reverted" }
  | { kind: "unprepared"; why: string }
  /** The edge refused a commit or a revert and has not made it. No answer is no refusal: ask again. */
  | { kind: "uncommitted"; why: string }
  /** The edge no longer has the candidate, or refuses it. */
  | { kind: "lease-lost"; why: string }
  /**
   * A sample of the figures. `elapsed`: seconds of this step or bake in which time counted, which it does not while paused;
   * while the verdict is `shared` it is 0, and counts from there. `heldFor`: seconds of this step or bake in which the
   * verdict was `shared`.
   */
  | { kind: "watched"; verdict: Verdict; elapsed: number; heldFor: number }
  /** During a commit only an order read before it is made; a later one belongs to what follows. */
  | { kind: "ordered"; order: Order }
  /** The job has to end. */
  | { kind: "interrupted"; why: string };
