import { command, GuardError, SettingsError } from "../errors.ts";
import type { RolloutStep } from "../rollout/plan.ts";
import { stepsSchema, strategies } from "../settings/rollout.ts";
import type { Settings } from "../settings/settings.ts";

/**
 * What is said for one run alone, as the environment hands it from a command to the program: `TURNOUT_STRATEGY`, and
 * `TURNOUT_STEPS` as JSON. Empty text is the same as none.
 */
export interface Overrides {
  TURNOUT_STRATEGY?: string | undefined;
  TURNOUT_STEPS?: string | undefined;
}

/**
 * What the options of a command mean.
 * @param options `steps` such as `5:300,25:10m`: percent and seconds, or with `m` minutes
 * @throws SettingsError when they cannot be used
 */
export function overridesOf(options: { strategy?: string | undefined; steps?: string | undefined }): Overrides {
  const overrides: Overrides = {};
  if (options.strategy !== undefined) overrides.TURNOUT_STRATEGY = options.strategy;
  if (options.steps !== undefined) overrides.TURNOUT_STEPS = JSON.stringify(stepsOf(options.steps));
  if (options.strategy === "") throw unknownStrategy("");
  withOverrides({}, overrides);
  return overrides;
}

/**
 * Lays what is said for this run over the stack's configuration. Steps alone ask for a canary.
 * @param raw the project's configuration as Pulumi hands it over
 * @throws SettingsError when it cannot be used
 */
export function withOverrides(raw: Readonly<Record<string, string>>, overrides: Overrides): Record<string, string> {
  const { TURNOUT_STRATEGY: strategyOverride, TURNOUT_STEPS: steps } = overrides;
  if (strategyOverride && !(strategies as readonly string[]).includes(strategyOverride))
    throw unknownStrategy(strategyOverride);
  if (strategyOverride && strategyOverride !== "canary" && steps)
    throw new SettingsError(
      `Steps (--steps) are for a canary, and the strategy of this run (--strategy) is ${strategyOverride}`,
      "leave one of the two out",
    );
  const strategy = strategyOverride || (steps ? "canary" : undefined);
  return {
    ...raw,
    ...(strategy ? { strategy } : {}),
    ...(steps ? { rollout: withSteps(raw.rollout, steps) } : {}),
  };
}

/**
 * Lays what is said for this run over what a job is told. It is not in the job's own input, or the next update, for which
 * it is not said, would show a change.
 */
export function jobWithOverrides<T extends object>(
  input: T,
  { TURNOUT_STRATEGY: strategyOverride, TURNOUT_STEPS: steps }: Overrides,
): T {
  if (!("strategy" in input)) return input;
  const strategy = strategyOverride || (steps ? "canary" : input.strategy);
  const rollout = "rollout" in input && typeof input.rollout === "object" ? input.rollout : undefined;
  return { ...input, strategy, ...(rollout && steps ? { rollout: { ...rollout, steps: decode(steps) } } : {}) };
}

/**
 * Refuses a strategy that a production stack must not have by habit: in place there is no color to go back to.
 * @throws GuardError
 */
export function guardStrategy(settings: Settings, overrides: Overrides): void {
  if (settings.strategy !== "rolling" || !settings.production || overrides.TURNOUT_STRATEGY === "rolling") return;
  throw new GuardError(
    `Pulumi.${settings.stack}.yaml: strategy is rolling, which changes the serving color in place, on a production stack`,
    `write blue-green or canary, or say it for one run: ${command("deploy -- VERSION --strategy rolling", settings.stack)}`,
  );
}

const minute = 60;

function stepsOf(text: string): RolloutStep[] {
  const steps = text.split(",").map((part) => {
    const [, weight, time, unit] = /^\s*(\d+):(\d+)([sm]?)\s*$/.exec(part) ?? [];
    if (weight === undefined || time === undefined) throw badSteps(text);
    return { weight: Number(weight), seconds: Number(time) * (unit === "m" ? minute : 1) };
  });
  if (!stepsSchema.safeParse(steps).success) throw badSteps(text);
  return steps;
}

function withSteps(rollout: string | undefined, steps: string): string {
  const parsed = stepsSchema.safeParse(decode(steps));
  if (!parsed.success) throw badSteps(steps);
  const rest = decode(rollout ?? "{}");
  // What is no group is refused with the other settings.
  if (typeof rest !== "object") return rollout ?? "";
  return JSON.stringify({ ...rest, steps: parsed.data });
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function badSteps(found: string): SettingsError {
  return new SettingsError(
    `The steps of this run (--steps) are ${JSON.stringify(found)}`,
    "write percent:time for each, such as 5:300,25:10m, every share from 1 to 100 and higher than the one before, " +
      "every time at most a day, and above 0 for a share below 100",
  );
}

function unknownStrategy(found: string): SettingsError {
  return new SettingsError(
    `The strategy of this run (--strategy) is ${JSON.stringify(found)}`,
    `write one of ${strategies.join(", ")}`,
  );
}
