import type { Color } from "../color.ts";

/** A step of a rollout: a share of the requests, and how long it is watched. */
export interface RolloutStep {
  /** The candidate's share of the requests in percent, a whole number from 0 to 100. */
  weight: number;
  /** How long the step is watched, in seconds, not counting time on hold. */
  seconds: number;
}

/** What a rollout is to do. It is the same for every job that works on it. */
export interface RolloutPlan {
  /** The color that is to become active. */
  target: Color;
  /**
   * The color that was active before the rollout first began, null when none was. A job that continues a rollout takes it
   * from the journal: after the commit the edge no longer knows it.
   */
  from: Color | null;
  /** What the commit is marked with, unique to this rollout. */
  epoch: string;
  /** Blue-green has none, or 100 % for 0 s, which is the commit itself. */
  steps: readonly RolloutStep[];
  /** How long the release is watched after the commit, in seconds; 0 for not at all. */
  bake: number;
  /** How long a fault of both colors may hold a rollout, in seconds. */
  holdFor: number;
  /** What happens when a watch saw too few answers to judge. */
  onInconclusive: "rollback" | "promote";
}

/** The canary of the runbooks that Turnout replaces (`docs/runbook.md`): 5 % for 5 minutes, 25 % for 10, then all. */
export const canarySteps: readonly RolloutStep[] = [
  { weight: 5, seconds: 300 },
  { weight: 25, seconds: 600 },
  { weight: 100, seconds: 0 },
];

/** The color to revert to; null when no other color was active before. */
export function fallbackColor({ from, target }: RolloutPlan): Color | null {
  return from === target ? null : from;
}

/**
 * The steps that give the candidate a share beside the active color. There are none when no other color is active; a step
 * of 0 seconds is none.
 */
export function watchedSteps(plan: RolloutPlan): RolloutStep[] {
  return fallbackColor(plan) === null ? [] : plan.steps.filter(({ seconds }) => seconds > 0);
}
