import { command, GuardError, SettingsError } from "../errors.ts";
import type { RolloutStep } from "../rollout/plan.ts";
import { stepsSchema, strategies } from "../settings/rollout.ts";
import type { Settings } from "../settings/settings.ts";

/**
 * Settings given for one run only. A command passes them to the program by environment: `TURNOUT_STRATEGY`, and
 * `TURNOUT_STEPS` as JSON. Empty text is the same as no value.
 */
export interface Overrides {
  TURNOUT_STRATEGY?: string | undefined;
  TURNOUT_STEPS?: string | undefined;
}

/**
 * The overrides that the options of a command stand for.
 * @param options `steps` such as `5:300,25:10m`: percent and seconds, or minutes with `m`
 * @throws SettingsError when they are invalid
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
 * Applies the overrides to the stack's configuration. Steps without a strategy mean a canary.
 * @param raw the project's configuration as Pulumi passes it
 * @throws SettingsError when they are invalid
 */
export function withOverrides(raw: Readonly<Record<string, string>>, overrides: Overrides): Record<string, string> {
  const { TURNOUT_STRATEGY: strategyOverride, TURNOUT_STEPS: steps } = overrides;
  if (strategyOverride && !(strategies as readonly string[]).includes(strategyOverride))
    throw unknownStrategy(strategyOverride);
  if (strategyOverride && strategyOverride !== "canary" && steps)
    throw new SettingsError(
      `--steps works with a canary only, but --strategy is ${strategyOverride}`,
      "leave out one of the two",
    );
  const strategy = strategyOverride || (steps ? "canary" : undefined);
  return {
    ...raw,
    ...(strategy ? { strategy } : {}),
    ...(steps ? { rollout: withSteps(raw.rollout, steps) } : {}),
  };
}

/**
 * Applies the overrides to the input of a job. They are not in the input itself: the next update, which does not have
 * them, would show a change.
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
 * Refuses the rolling strategy as the setting of a production stack: in place there is no color to roll back to.
 * @throws GuardError
 */
export function guardStrategy(settings: Settings, overrides: Overrides): void {
  if (settings.strategy !== "rolling" || !settings.production || overrides.TURNOUT_STRATEGY === "rolling") return;
  throw new GuardError(
    `Pulumi.${settings.stack}.yaml: strategy is rolling on a production stack. ` +
      "It changes the active color in place, so there is no color to roll back to",
    "write blue-green or canary, or use it for one deploy only: " +
      command("deploy -- VERSION --strategy rolling", settings.stack),
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
  // A value that is not a group is refused with the other settings.
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
    `Invalid --steps ${JSON.stringify(found)}`,
    "write percent:time for each step, such as 5:300,25:10m. Each share is from 1 to 100 and higher than the one " +
      "before; each time is at most one day, and above 0 for a share below 100",
  );
}

function unknownStrategy(found: string): SettingsError {
  return new SettingsError(`Invalid --strategy ${JSON.stringify(found)}`, `write one of ${strategies.join(", ")}`);
}
