import assert from "node:assert/strict";
import { test } from "node:test";
import { guardStrategy, type Overrides, overridesOf, withOverrides } from "../../core/deploy/overrides.ts";
import { GuardError, SettingsError } from "../../core/errors.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { cleaning } from "../../systems/cleaning.ts";
import { validConfig } from "../support/config.ts";

test("options of a command become overrides", () => {
  const table: [Parameters<typeof overridesOf>[0], Overrides][] = [
    [{}, {}],
    [{ strategy: "canary" }, { TURNOUT_STRATEGY: "canary" }],
    [{ steps: "5:300" }, { TURNOUT_STEPS: '[{"weight":5,"seconds":300}]' }],
    [
      { strategy: "canary", steps: "5:5m, 25:600s,100:0" },
      {
        TURNOUT_STRATEGY: "canary",
        TURNOUT_STEPS: '[{"weight":5,"seconds":300},{"weight":25,"seconds":600},{"weight":100,"seconds":0}]',
      },
    ],
  ];
  for (const [options, expected] of table) assert.deepEqual(overridesOf(options), expected);
});

test("invalid options are refused with what to write", () => {
  const bad = (found: string) =>
    new SettingsError(
      `Invalid --steps ${JSON.stringify(found)}`,
      "write percent:time for each step, such as 5:300,25:10m. Each share is from 1 to 100 and higher than the one " +
        "before; each time is at most one day, and above 0 for a share below 100",
    );
  for (const steps of [
    "",
    "5",
    "5:",
    "5:5x",
    "5:5m,",
    "5:0",
    "5:0,100:0",
    "99:0m",
    "0:60",
    "101:60",
    "25:60,5:60",
    "5:60,5:60",
    "5:1441m",
    "5.5:1",
  ])
    assert.throws(() => overridesOf({ steps }), bad(steps), steps);
  for (const strategy of ["", "bluegreen"])
    assert.throws(
      () => overridesOf({ strategy }),
      new SettingsError(`Invalid --strategy "${strategy}"`, "write one of blue-green, canary, rolling, recreate"),
    );
  assert.throws(
    () => overridesOf({ strategy: "rolling", steps: "5:60" }),
    new SettingsError("--steps works with a canary only, but --strategy is rolling", "leave out one of the two"),
  );
});

test("overrides replace the stack's settings and leave the others", () => {
  const raw = { ...validConfig, strategy: "blue-green", rollout: '{"bake":7}' };
  const read = (overrides: Overrides) => {
    const { strategy, rollout } = parseSettings(withOverrides(raw, overrides), { cleaning }, "test");
    return [strategy, rollout.bake, rollout.steps.map(({ weight, seconds }) => `${weight}:${seconds}`).join()];
  };
  const usual = "5:300,25:600,100:0";
  const steps = '[{"weight":10,"seconds":3}]';
  const table: [Overrides, unknown[]][] = [
    [{}, ["blue-green", 7, usual]],
    [{ TURNOUT_STRATEGY: "", TURNOUT_STEPS: "" }, ["blue-green", 7, usual]],
    [{ TURNOUT_STRATEGY: "canary" }, ["canary", 7, usual]],
    [{ TURNOUT_STEPS: steps }, ["canary", 7, "10:3"]],
    [{ TURNOUT_STRATEGY: "canary", TURNOUT_STEPS: steps }, ["canary", 7, "10:3"]],
  ];
  for (const [overrides, expected] of table) assert.deepEqual(read(overrides), expected);
  assert.deepEqual(withOverrides(raw, {}), raw);
});

test("invalid overrides in the environment are refused, not ignored", () => {
  const noTime = { TURNOUT_STEPS: '[{"weight":5,"seconds":0}]' };
  for (const overrides of [{ TURNOUT_STRATEGY: "x" }, { TURNOUT_STEPS: "5:300" }, { TURNOUT_STEPS: "[]" }, noTime])
    assert.throws(() => withOverrides({}, overrides), SettingsError);
});

test("a rollout that is not a group is left for the settings to refuse", () => {
  const overrides = { TURNOUT_STEPS: '[{"weight":10,"seconds":3}]' };
  const settings = () =>
    parseSettings(withOverrides({ ...validConfig, rollout: "fast" }, overrides), { cleaning }, "test");
  assert.throws(settings, /rollout is "fast"/);
});

test("rolling in production has to be an override", () => {
  const settingsOf = (strategy: string, production: string) =>
    parseSettings({ ...validConfig, strategy, production }, { cleaning }, "prod");
  const table: [strategy: string, production: string, Overrides, refused: boolean][] = [
    ["rolling", "true", {}, true],
    ["rolling", "true", { TURNOUT_STRATEGY: "" }, true],
    ["rolling", "true", { TURNOUT_STRATEGY: "rolling" }, false],
    ["rolling", "false", {}, false],
    ["recreate", "true", {}, false],
    ["canary", "true", {}, false],
    ["blue-green", "true", {}, false],
  ];
  for (const [strategy, production, overrides, refused] of table) {
    const guard = () => guardStrategy(settingsOf(strategy, production), overrides);
    if (!refused) assert.doesNotThrow(guard);
    else
      assert.throws(
        guard,
        new GuardError(
          "Pulumi.prod.yaml: strategy is rolling on a production stack. " +
            "It changes the active color in place, so there is no color to roll back to",
          "write blue-green or canary, or use it for one deploy only: npm run deploy -- VERSION --strategy rolling --stack prod",
        ),
      );
  }
});
