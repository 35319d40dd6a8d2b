import { z } from "zod";
import { canarySteps } from "../rollout/plan.ts";
import { type LatencyBound, latencyBounds } from "../verdict/figures.ts";
import { defaultThresholds, type Thresholds } from "../verdict/thresholds.ts";
import { group, whole, write } from "./refusals.ts";

/** How a release becomes active. `guardStrategy` says which of them a production stack may use. */
export const strategies = ["blue-green", "canary", "rolling", "recreate"] as const;
export type Strategy = (typeof strategies)[number];

const seconds = (max: number) => whole(0, max, "seconds as a whole number");
const stepsError = write(
  'steps such as [{"weight": 5, "seconds": 300}], each with a higher weight than the one before',
);

/** Longest step, in seconds. */
const longestStep = 86_400;

/** A step of 0 seconds watches nothing, so only the step with all traffic, the commit, may have 0. */
const stepSchema = group({ weight: whole(1, 100, "a share in percent"), seconds: seconds(longestStep) }).refine(
  (step) => step.seconds > 0 || step.weight === 100,
  {
    path: ["seconds"],
    error: `is the number 0; write seconds as a whole number from 1 to ${longestStep} for a share below 100 %`,
  },
);

/** The steps of a canary: growing shares of the traffic. */
export const stepsSchema = z
  .array(stepSchema, { error: stepsError })
  .min(1, { error: stepsError })
  .refine((steps) => steps.every((step, at) => at === 0 || step.weight > (steps[at - 1]?.weight ?? 100)), {
    error: stepsError,
  });

const rolloutDefaults = {
  steps: [...canarySteps],
  bake: 60,
  soak: 1800,
  hold: 300,
  inconclusive: "rollback" as const,
  skew: 300,
  drain: 900,
};

/** The group `rollout`: how a change of the active color is watched. All times are in seconds. */
export const rolloutSchema = group({
  /** Steps of a canary. Default: as in the runbooks, 5 % for 5 minutes, 25 % for 10 minutes, then all traffic. */
  steps: stepsSchema.default(rolloutDefaults.steps),
  /** How long the release is watched with all traffic before the update returns. Default 60. */
  bake: seconds(3600).default(rolloutDefaults.bake),
  /** How long it is watched after the update has returned. Default 1800, as in the runbooks; 0 turns it off. */
  soak: seconds(86_400).default(rolloutDefaults.soak),
  /** How long the rollout may be on hold because both colors are in breach. Default 300. */
  hold: seconds(3600).default(rolloutDefaults.hold),
  /** What happens when there is too little traffic to judge the release. Default rollback. */
  inconclusive: z
    .enum(["rollback", "promote"], { error: write("rollback or promote") })
    .default(rolloutDefaults.inconclusive),
  /**
   * How long after the commit a canary's users stay on the old color if they were on it. Default 300; 0 turns it off.
   */
  skew: seconds(86_400).default(rolloutDefaults.skew),
  /** How long websockets and long answers of the old color may stay open. Default 900. */
  drain: seconds(86_400).default(rolloutDefaults.drain),
}).default(rolloutDefaults);

/** How a change of the active color is watched; see `rolloutSchema`. */
export type RolloutSettings = z.output<typeof rolloutSchema>;

const shareFrom = (min: number) => {
  const error = write(`a share in percent, from ${min} to 100`);
  return z.number({ error }).min(min, { error }).max(100, { error });
};
const share = shareFrom(0);
const bound = z
  .number()
  .refine((value): value is LatencyBound => latencyBounds.some((known) => known === value), {
    error: write(`one of ${latencyBounds.join(", ")}, in milliseconds`),
  })
  .transform((value) => value as LatencyBound);
const d = defaultThresholds;

/** The thresholds that have a warning level. */
const warned = ["errorRate", "latency", "connections"] as const;

/**
 * The group `thresholds`; `Thresholds` describes each key. A warning defaults to its usual value, or to the threshold
 * if that is lower.
 */
export const thresholdsSchema = group({
  errorRate: share.default(d.errorRate),
  errorRateWarning: share.optional(),
  latency: bound.default(d.latency),
  latencyWarning: bound.optional(),
  quantile: shareFrom(50).default(d.quantile),
  minimumSamples: whole(1, 1_000_000).default(d.minimumSamples),
  connections: share.default(d.connections),
  connectionsWarning: share.optional(),
  window: whole(1, 3600, "seconds as a whole number").default(d.window),
})
  .transform(
    (given): Thresholds => ({
      ...given,
      errorRateWarning: given.errorRateWarning ?? lower(d.errorRateWarning, given.errorRate),
      latencyWarning: given.latencyWarning ?? lower(d.latencyWarning, given.latency),
      connectionsWarning: given.connectionsWarning ?? lower(d.connectionsWarning, given.connections),
    }),
  )
  .superRefine((thresholds, { addIssue }) => {
    for (const key of warned) {
      const [most, warning] = [thresholds[key], thresholds[`${key}Warning`]];
      const message = `is the number ${warning}; write at most ${most}, which is thresholds.${key}`;
      if (warning > most) addIssue({ code: "custom", path: [`${key}Warning`], message });
    }
  })
  .default(d) satisfies z.ZodType<Thresholds>;

function lower<T extends number>(one: T, other: T): T {
  return one < other ? one : other;
}
