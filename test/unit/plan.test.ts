import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Color, colors, otherColor } from "../../core/color.ts";
import { driftWarning } from "../../core/deploy/drift.ts";
import { guardDeploy } from "../../core/deploy/guards.ts";
import { nothingObserved, type Observed, type ServiceReplicas } from "../../core/deploy/observed.ts";
import { type Plan, planDeploy, planRollback, withChange } from "../../core/deploy/plan.ts";
import { GuardError } from "../../core/errors.ts";
import type { Incident } from "../../core/journal/incidents.ts";
import { parseSettings, type Settings } from "../../core/settings/settings.ts";
import { cleaning } from "../../systems/cleaning.ts";
import { validConfig } from "../support/config.ts";

type Versions = { blue?: string; green?: string };

const base = parseSettings(validConfig, { cleaning }, "prod");
const settingsWith = (versions: Versions, activeColor: Color): Settings => ({ ...base, versions, activeColor });

/** What is observed when both colors run what the settings ask for and one is active. */
function observedWith(versions: Versions, live: Color | null): Observed {
  const services = colors.flatMap((color): ServiceReplicas[] =>
    versions[color]
      ? [
          { service: "api", color, kind: "web", wanted: 2, ready: 2 },
          { service: "jobs", color, kind: "worker", wanted: color === live ? 1 : 0, ready: color === live ? 1 : 0 },
        ]
      : [],
  );
  return {
    ...nothingObserved,
    ...{ live, edge: "up", services },
    versions: { blue: versions.blue ?? null, green: versions.green ?? null },
    proven: { blue: versions.blue ?? null, green: versions.green ?? null },
  };
}

/** The settings after a plan's change of the configuration. */
function after(settings: Settings, plan: Plan): Settings {
  assert.ok("change" in plan, "there is something to do");
  const versions = { ...settings.versions };
  let { activeColor } = settings;
  for (const [key, value] of Object.entries(plan.change)) {
    if (key === "activeColor") activeColor = value as Color;
    else if (value === null) delete versions[key.slice("versions.".length) as Color];
    else versions[key.slice("versions.".length) as Color] = value;
  }
  return { ...settings, versions, activeColor };
}

const version = fc.constantFrom("1.0.0", "1.1.0", "1.2.0", "2.0.0");
const color = fc.constantFrom(...colors);
const live = fc.option(color);
const running = fc.record({ blue: version, green: version }, { noNullPrototype: true });

test("the first deploy goes to the active color of the settings", () => {
  const plan = planDeploy("1.0.0", settingsWith({ blue: "0.9.0" }, "blue"), nothingObserved);
  assert.deepEqual(plan, {
    change: { "versions.blue": "1.0.0", activeColor: "blue" },
    color: "blue",
    version: "1.0.0",
    sentence: "Deploying 1.0.0 to blue. No color is active yet.",
  });
});

test("a deploy goes to the idle color", () => {
  const versions = { blue: "1.0.0" };
  assert.deepEqual(planDeploy("1.1.0", settingsWith(versions, "blue"), observedWith(versions, "blue")), {
    change: { "versions.green": "1.1.0", activeColor: "green" },
    color: "green",
    version: "1.1.0",
    sentence: "Deploying 1.1.0 to green. Blue 1.0.0 stays active until every step has succeeded.",
  });
});

test("there is nothing to deploy when the version is already active", () => {
  const versions = { blue: "1.0.0", green: "1.1.0" };
  assert.deepEqual(planDeploy("1.1.0", settingsWith(versions, "green"), observedWith(versions, "green")), {
    nothing: "1.1.0 is already active on green. Nothing to do.",
  });
});

test("a rollback makes the warm color active and changes nothing else", () => {
  const versions = { blue: "1.0.0", green: "1.1.0" };
  assert.deepEqual(planRollback(settingsWith(versions, "green"), observedWith(versions, "green")), {
    change: { activeColor: "blue" },
    color: "blue",
    version: "1.0.0",
    sentence: "Rolling back to blue 1.0.0, which is still warm.",
  });
});

test("a rollback cancels a deploy that never became active", () => {
  const plan = planRollback(
    settingsWith({ blue: "1.0.0", green: "1.4.0-nostart" }, "green"),
    observedWith({ blue: "1.0.0" }, "blue"),
  );
  assert.deepEqual(plan, {
    change: { activeColor: "blue", "versions.blue": "1.0.0", "versions.green": null },
    color: "blue",
    version: "1.0.0",
    sentence: "Canceling the deploy of 1.4.0-nostart to green. Blue 1.0.0 is still active.",
  });
});

test("without a color to roll back to, a rollback says what to do", () => {
  const both = { blue: "1.0.0", green: "1.1.0" };
  const cold = observedWith(both, "green");
  cold.services = cold.services.map((one) => (one.color === "blue" ? { ...one, ready: 1 } : one));
  const gone = observedWith({ green: "1.1.0" }, "green");
  const table: [Settings, Observed, RegExp][] = [
    [settingsWith(both, "green"), nothingObserved, /^No color is active yet, .*\. Deploy a version first\.$/],
    [
      settingsWith({ green: "1.1.0" }, "green"),
      gone,
      /^blue has no version, so there is nothing to roll back to\. Deploy the version you want: npm run deploy -- VERSION --stack prod\.$/,
    ],
    [
      settingsWith(both, "green"),
      cold,
      /^Cannot roll back to blue 1\.0\.0: it is no longer warm, not all of its replicas are ready\. Deploy the version again: npm run deploy -- 1\.0\.0 --stack prod\.$/,
    ],
    [
      settingsWith(both, "green"),
      gone,
      /^Cannot roll back to blue 1\.0\.0: none of its services .* server\. Create them again .*`npm run pulumi -- up --refresh --stack prod`, then retry\.$/,
    ],
  ];
  for (const [settings, observed, expected] of table)
    assert.throws(
      () => planRollback(settings, observed),
      (error) => error instanceof GuardError && expected.test(error.message),
      `${expected}`,
    );
});

test("a color with stopped workers is warm", () => {
  const versions = { blue: "1.0.0", green: "1.1.0" };
  const observed = observedWith(versions, "green");
  observed.services.push({ service: "mail", color: "blue", kind: "worker", wanted: 1, ready: 0 });
  assert.doesNotThrow(() => planRollback(settingsWith(versions, "green"), observed));
});

test("nothing is planned while the edge is unreachable", () => {
  const observed: Observed = { ...nothingObserved, live: undefined };
  const expected = (error: Error) =>
    error instanceof GuardError &&
    error.message ===
      "The edge is unreachable, so the active color is unknown. " +
        "Check `npm run ops -- status --stack prod`, fix the edge, and retry.";
  assert.throws(() => planDeploy("1.0.0", base, observed), expected);
  assert.throws(() => planRollback(base, observed), expected);
});

test("a deploy goes to the idle color and never changes the version of the active color", () => {
  fc.assert(
    fc.property(running, live, color, version, (versions, serving, active, wanted) => {
      const plan = planDeploy(wanted, settingsWith(versions, active), observedWith(versions, serving));
      if ("nothing" in plan) {
        assert.ok(serving === active && versions[active] === wanted);
        return;
      }
      assert.equal(plan.color, serving ? otherColor(serving) : active);
      assert.deepEqual(plan.change, { [`versions.${plan.color}`]: wanted, activeColor: plan.color });
    }),
  );
});

test("after a completed deploy there is nothing to do", () => {
  fc.assert(
    fc.property(running, color, version, (versions, serving, wanted) => {
      const settings = settingsWith(versions, serving);
      const plan = planDeploy(wanted, settings, observedWith(versions, serving));
      if ("nothing" in plan) return;
      const then = after(settings, plan);
      assert.ok("nothing" in planDeploy(wanted, then, observedWith(then.versions as Versions, then.activeColor)));
    }),
  );
});

test("a rollback changes no version, and a rollback of a rollback restores the configuration", () => {
  fc.assert(
    fc.property(running, color, (versions, serving) => {
      const settings = settingsWith(versions, serving);
      const back = after(settings, planRollback(settings, observedWith(versions, serving)));
      assert.deepEqual(back.versions, versions);
      assert.equal(back.activeColor, otherColor(serving));
      assert.deepEqual(after(back, planRollback(back, observedWith(versions, back.activeColor))), settings);
    }),
  );
});

test("canceling keeps the active color with its version, and there is nothing left to cancel", () => {
  fc.assert(
    fc.property(running, color, version, (versions, serving, tried) => {
      const idle = otherColor(serving);
      const settings = settingsWith({ ...versions, [idle]: tried } as Versions, idle);
      const observed = observedWith({ [serving]: versions[serving] } as Versions, serving);
      const kept = after(settings, planRollback(settings, observed));
      assert.equal(kept.activeColor, serving);
      assert.deepEqual(kept.versions, { [serving]: versions[serving] });
    }),
  );
});

test("canceling a failed rollback keeps the version of the color it was to roll back to", () => {
  const versions = { blue: "1.0.0", green: "1.1.0" };
  const settings = settingsWith(versions, "green");
  const failed = after(settings, planRollback(settings, observedWith(versions, "green")));
  const again = planRollback(failed, observedWith(versions, "green"));
  assert.ok("change" in again);
  assert.deepEqual(again.change, { activeColor: "green", "versions.green": "1.1.0", "versions.blue": "1.0.0" });
});

test("canceling keeps the version of the idle color only if it is warm and passed its smoke test", () => {
  const versions = { blue: "1.0.0", green: "1.1.0" };
  const settings = settingsWith({ ...versions, green: "1.2.0" }, "green");
  const up = observedWith({ ...versions, green: "1.2.0" }, "blue");
  const starting = { ...up, services: up.services.map((one) => (one.color === "green" ? { ...one, ready: 1 } : one)) };
  const unproven = { ...up, proven: { blue: "1.0.0", green: "1.1.0" } };
  const older = observedWith(versions, "blue");
  const table: [Observed, string | null | undefined][] = [
    [up, "1.2.0"],
    [unproven, null],
    [starting, null],
    [older, "1.1.0"],
    [observedWith({ blue: "1.0.0" }, "blue"), null],
  ];
  for (const [observed, green] of table) {
    const plan = planRollback(settings, observed);
    assert.ok("change" in plan);
    assert.equal(plan.change["versions.green"], green);
    assert.equal(plan.change.activeColor, "blue");
  }
});

test("a rollback ignores what a refused deploy left in the configuration", () => {
  const running = { blue: "1.0.0", green: "1.2.0" };
  const plan = planRollback(settingsWith({ blue: "9.9.9", green: "1.3.0" }, "green"), observedWith(running, "green"));
  assert.ok("change" in plan);
  assert.deepEqual(plan.change, { "versions.green": "1.2.0", "versions.blue": "1.0.0", activeColor: "blue" });
});

test("a change is applied to the configuration, so that it can be checked before it is written", () => {
  const raw = { system: "cleaning", activeColor: "blue", versions: '{"blue":"1.0.0","green":"1.1.0"}' };
  assert.deepEqual(withChange(raw, { activeColor: "green", "versions.green": "1.2.0" }), {
    system: "cleaning",
    activeColor: "green",
    versions: '{"blue":"1.0.0","green":"1.2.0"}',
  });
  assert.equal(withChange(raw, { "versions.green": null }).versions, '{"blue":"1.0.0"}');
  assert.equal(withChange({}, { "versions.blue": "1.0.0" }).versions, '{"blue":"1.0.0"}');
});

test("a version that looks like a number or a boolean stays text in the settings", () => {
  for (const version of ["42", "1042", "1.0", "0x10", "1e3", "true", "null"]) {
    const observed = observedWith({ blue: "1.0.0" }, "blue");
    const plan = planDeploy(version, settingsWith({ blue: "1.0.0" }, "blue"), observed);
    assert.ok("change" in plan);
    const next = parseSettings(withChange(validConfig, plan.change), { cleaning }, "dev");
    assert.deepEqual([next.activeColor, next.activeVersion], ["green", version]);
  }
});

test("a deploy that was interrupted after its shift is finished, not treated as done", () => {
  const versions = { blue: "1.0.0", green: "1.1.0" };
  const settings = settingsWith(versions, "green");
  const plan = planDeploy("1.1.0", settings, observedWith(versions, "green"), "blue");
  assert.ok("change" in plan);
  assert.deepEqual(plan.change, {});
  assert.match(plan.sentence, /1\.1\.0 is already active on green\. Finishing the interrupted update/);
});

const incident: Incident = {
  ...{ id: "i-1", at: "2026-11-20T11:00:00.000Z", color: "green", version: "1.2.0", release: "1.2.0-0badcafe" },
  ...{ why: "slow", step: "shift" },
};

test("a deploy of a release with an incident is refused before the configuration is changed", () => {
  const versions = { blue: "1.0.0", green: "1.2.0" };
  const observed = { ...observedWith(versions, "blue"), incidents: [incident] };
  const check = (version: string, present: { green?: string }) => {
    const plan = planDeploy(version, settingsWith(versions, "blue"), observed);
    assert.ok("change" in plan);
    const raw = { ...validConfig, versions: JSON.stringify(versions), activeColor: "blue" };
    guardDeploy(parseSettings(withChange(raw, plan.change), { cleaning }, "dev"), observed, present);
  };
  for (const present of [{}, { green: "1.2.0-0badcafe" }])
    assert.throws(
      () => check("1.2.0", present),
      /^GuardError: .* green 1\.2\.0 .* was marked as bad .* \(incident i-1\)/,
    );
  assert.doesNotThrow(() => check("1.2.1", { green: "1.2.1-0badcafe" }));
});

test("a release with an incident is not a rollback target, even if warm", () => {
  const versions = { blue: "1.0.0", green: "1.2.0" };
  const settings = settingsWith(versions, "blue");
  const observed = { ...observedWith(versions, "blue"), incidents: [incident] };
  const refusal = new GuardError(
    "Cannot roll back to green 1.2.0: it was marked as bad at 2026-11-20T11:00:00.000Z: slow (incident i-1)",
    "deploy the version you want: npm run deploy -- VERSION --stack prod",
  );
  for (const release of [null, "1.2.0-0badcafe"])
    assert.throws(() => planRollback(settings, { ...observed, releases: { blue: null, green: release } }), refusal);
  const built = { ...observed, releases: { blue: null, green: "1.2.0-12345678" } };
  assert.equal(after(settings, planRollback(settings, built)).activeColor, "green", "another build of it");
  assert.equal(after(settings, planRollback(settings, { ...observed, incidents: [] })).activeColor, "green");
});

test("canceling a reverted deploy removes the release with the incident", () => {
  const versions = { blue: "1.0.0", green: "1.2.0" };
  const settings = settingsWith(versions, "green");
  const observed = { ...observedWith(versions, "blue"), incidents: [incident] };
  const plan = planRollback(settings, observed);
  assert.deepEqual(plan, {
    change: { activeColor: "blue", "versions.blue": "1.0.0", "versions.green": null },
    color: "blue",
    version: "1.0.0",
    sentence:
      "Canceling the deploy of 1.2.0 to green, which was marked as bad (incident i-1). Blue 1.0.0 is still active.",
  });
  const given = after(settings, plan);
  assert.doesNotThrow(() => guardDeploy(given, observed));
  assert.equal(driftWarning(observed, given), undefined);
});
