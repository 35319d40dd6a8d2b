import assert from "node:assert/strict";
import { test } from "node:test";
import type { Color } from "../../core/color.ts";
import { driftWarning } from "../../core/deploy/drift.ts";
import { guardDeploy } from "../../core/deploy/guards.ts";
import { nothingObserved, type Observed } from "../../core/deploy/observed.ts";
import { GuardError } from "../../core/errors.ts";
import type { RevertedRelease } from "../../core/journal/history.ts";
import { imagesOf, isPullable, missingImage } from "../../core/release/images.ts";
import { parseSettings, type Settings } from "../../core/settings/settings.ts";
import { cleaning } from "../../systems/cleaning.ts";
import { validConfig } from "../support/config.ts";

const settingsWith = (versions: { blue?: string; green?: string }, activeColor = "blue", stack = "prod") =>
  parseSettings({ ...validConfig, versions: JSON.stringify(versions), activeColor }, { cleaning }, stack);

const blueServes: Observed = {
  ...nothingObserved,
  live: "blue",
  edge: "up",
  releases: { blue: "1.0.0-deadbeef", green: null },
  versions: { blue: "1.0.0", green: null },
  lastRelease: { color: "blue", release: "1.0.0-deadbeef", at: "2026-11-20T10:00:00.000Z" },
};

test("a deploy that does not change the active color is allowed", () => {
  const fine: [Parameters<typeof settingsWith>[0], string, Observed][] = [
    [{ blue: "1.0.0" }, "blue", nothingObserved],
    [{ blue: "9.9.9" }, "blue", nothingObserved],
    [{ blue: "1.0.0" }, "blue", blueServes],
    [{ blue: "1.0.0", green: "1.1.0" }, "blue", blueServes],
    [{ blue: "1.0.0", green: "1.1.0" }, "green", blueServes],
    [{ blue: "1.0.0", green: "1.1.0" }, "green", { ...blueServes, live: undefined, edge: "down" }],
    // The active color is unknown.
    [{ blue: "9.9.9" }, "blue", { ...blueServes, live: undefined, edge: "down", lastRelease: null }],
    [{ blue: "9.9.9" }, "blue", { ...blueServes, versions: { blue: null, green: null } }],
  ];
  for (const [versions, active, observed] of fine)
    assert.doesNotThrow(() => guardDeploy(settingsWith(versions, active), observed));
});

test("a changed version of the active color is refused, with the command that deploys it", () => {
  const settings = settingsWith({ blue: "1.1.0", green: "0.9.0" });
  assert.throws(
    () => guardDeploy(settings, blueServes),
    new GuardError(
      "Pulumi.prod.yaml: versions.blue is 1.1.0, but blue is active with 1.0.0. " +
        "Only the `rolling` strategy updates the active color in place",
      "set versions.blue back to 1.0.0 and deploy the new version to the idle color: npm run deploy -- 1.1.0 --stack prod",
    ),
  );
});

test("the active color cannot be removed, even when the other one is to become active", () => {
  const settings = settingsWith({ green: "1.1.0" }, "green");
  assert.throws(
    () => guardDeploy(settings, blueServes),
    new GuardError(
      "Pulumi.prod.yaml: versions.blue is not set, but blue is active. Removing it would disconnect every user",
      "set it back to 1.0.0, and remove it after the other color has become active",
    ),
  );
});

test("while the edge is unreachable, the active color is guarded by the journal", () => {
  const silent: Observed = { ...blueServes, live: undefined, edge: "down" };
  const by = "according to the journal (the edge is unreachable)";
  assert.throws(
    () => guardDeploy(settingsWith({ green: "1.1.0" }, "green"), silent),
    new GuardError(
      `Pulumi.prod.yaml: versions.blue is not set, but blue is active ${by}. Removing it would disconnect every user`,
      "set it back to 1.0.0, and remove it after the other color has become active",
    ),
  );
  assert.throws(
    () => guardDeploy(settingsWith({ blue: "9.9.9" }), silent),
    (error: Error) =>
      error instanceof GuardError &&
      error.message.startsWith(`Pulumi.prod.yaml: versions.blue is 9.9.9, but blue is active with 1.0.0 ${by}. Only`),
  );
  // The last update left green active, and the soak reverted to blue.
  const left = { color: "green", release: "1.1.0-0badcafe", at: "2026-11-20T11:00:00.000Z" } as const;
  const reversed: RevertedRelease = {
    ...{ at: "2026-11-20T11:10:00.000Z", step: "soak", color: "green", version: "1.1.0", why: "slow" },
    incident: null,
  };
  const returned: Observed = { ...silent, lastRelease: left, lastReverted: reversed };
  assert.throws(() => guardDeploy(settingsWith({ green: "1.1.0" }, "green"), returned), /: versions\.blue is not set/);
  assert.doesNotThrow(() => guardDeploy(settingsWith({ blue: "1.0.0" }), returned));
});

test("drift is reported when the edge routes to another color than the last update left active", () => {
  const table: [Observed, string | undefined][] = [
    [nothingObserved, undefined],
    [blueServes, undefined],
    [{ ...nothingObserved, live: undefined }, undefined],
    [
      { ...blueServes, live: "green" },
      "Drift: the last update left blue active, but the edge routes to green. This update shifts to blue.",
    ],
    [
      { ...blueServes, live: null },
      "Drift: the last update left blue active, but the edge routes to no color. This update shifts to blue.",
    ],
    [
      { ...blueServes, live: undefined },
      "Drift: the edge is unreachable, so the active color is unknown. " +
        "Run `npm run ops -- status --stack prod` for details.",
    ],
  ];
  for (const [observed, expected] of table)
    assert.equal(driftWarning(observed, settingsWith({ blue: "1.0.0" })), expected);
});

test("every image of every configured color, with the setting that asks for it", () => {
  const images = imagesOf(settingsWith({ blue: "1.0.0", green: "1.1.0" }), cleaning);
  assert.deepEqual(
    images.map(({ image, key }) => `${key} ${image}`),
    [
      ...["api", "web", "jobs"].map((one) => `versions.blue turnout-example-cleaning-${one}:1.0.0`),
      ...["api", "web", "jobs"].map((one) => `versions.green turnout-example-cleaning-${one}:1.1.0`),
    ],
  );
  assert.equal(imagesOf(settingsWith({ blue: "1.0.0" }), cleaning).length, 3);
});

test("a missing image is named with its setting; a registry's is to be pushed, a local one built", () => {
  const table: [image: string, pullable: boolean][] = [
    ["shop:1", false],
    ["library/shop:1", false],
    ["ghcr.io/me/shop:1", true],
    ["localhost/shop:1", true],
    ["registry:5000/shop:1", true],
  ];
  for (const [image, pullable] of table) {
    assert.equal(isPullable(image), pullable, image);
    const error = missingImage(image, "versions.green", "prod");
    assert.ok(error instanceof GuardError);
    assert.ok(
      error.message.startsWith(`Pulumi.prod.yaml: versions.green needs the image ${image}, which is not on the server`),
    );
    const todo = pullable
      ? /in its registry from this machine\. Push it to its registry, .*`docker login` on this machine and set docker:registryAuth for the server/
      : /not on the server\. Build it on the server, /;
    assert.match(error.message, todo);
  }
});

/** Green 1.2.0 was marked as bad by the shift; blue is active. */
const reverted: Observed = {
  ...blueServes,
  incidents: [
    {
      ...{ id: "2026-11-20-110000-green", at: "2026-11-20T11:00:00.000Z", color: "green", version: "1.2.0" },
      ...{ release: "1.2.0-0badcafe", why: "error rate 2.0 % (2 of 100)", step: "shift" },
    },
  ],
};

test("a release with an open incident does not become active again", () => {
  const again = { blue: "1.0.0", green: "1.2.0" };
  const refusal = (stack: string, subject: string, color: string) =>
    new GuardError(
      `Pulumi.${stack}.yaml: activeColor is ${color}, but ${subject} (release 1.2.0-0badcafe) was marked as bad ` +
        "at 2026-11-20T11:00:00.000Z: error rate 2.0 % (2 of 100) (incident 2026-11-20-110000-green)",
      `deploy a corrected version, or close the incident with \`npm run ops -- retry${stack === "dev" ? "" : ` --stack ${stack}`}\` and deploy again`,
    );
  for (const stack of ["dev", "prod"])
    for (const present of [{}, { green: "1.2.0-0badcafe" }])
      assert.throws(
        () => guardDeploy(settingsWith(again, "green", stack), reverted, present),
        refusal(stack, "green 1.2.0", "green"),
      );
  const greenServes: Observed = {
    ...reverted,
    live: "green",
    versions: { blue: "1.2.0", green: "1.0.0" },
    releases: { blue: null, green: "1.0.0-deadbeef" },
  };
  assert.throws(
    () => guardDeploy(settingsWith({ blue: "1.2.0", green: "1.0.0" }, "blue", "dev"), greenServes),
    refusal("dev", "1.2.0", "blue"),
  );
});

test("an incident counts whatever is active: a color by the journal, none, or another release of the same color", () => {
  const green = settingsWith({ blue: "1.0.0", green: "1.2.0" }, "green");
  const rolling = parseSettings(
    { ...validConfig, versions: JSON.stringify({ blue: "1.2.0" }), strategy: "rolling", activeColor: "blue" },
    { cleaning },
    "prod",
  );
  const table: [Settings, Observed][] = [
    [green, { ...reverted, live: undefined, edge: "down" }],
    [green, { ...reverted, live: undefined, edge: "down", lastRelease: null }],
    [green, { ...reverted, live: null, lastRelease: null }],
    [rolling, reverted],
  ];
  for (const [settings, observed] of table)
    assert.throws(
      () => guardDeploy(settings, observed),
      (error: Error) => error instanceof GuardError && /1\.2\.0 .*was marked as bad at/.test(error.message),
    );
});

test("an incident does not affect other releases", () => {
  const again = settingsWith({ blue: "1.0.0", green: "1.2.0" }, "green");
  const fine: [Settings, Observed, Parameters<typeof guardDeploy>[2]][] = [
    [settingsWith({ blue: "1.0.0", green: "1.2.1" }, "green"), reverted, {}],
    [settingsWith({ blue: "1.0.0", green: "1.2.0" }, "blue"), reverted, {}],
    [settingsWith({ blue: "1.0.0" }, "blue"), reverted, {}],
    // Rebuilt under the same name: another release.
    [again, reverted, { green: "1.2.0-12345678" }],
    // Closed.
    [again, { ...reverted, incidents: [] }, {}],
    // It is already active: there is no better release to keep users on.
    [again, { ...reverted, live: "green", versions: { blue: "1.0.0", green: "1.2.0" } }, {}],
  ];
  for (const [settings, observed, present] of fine) assert.doesNotThrow(() => guardDeploy(settings, observed, present));
});

test("a preview reports what reverted a release, and what this update does", () => {
  const reversed: RevertedRelease = {
    ...{ at: "2026-11-20T11:00:00.000Z", step: "soak", color: "green", version: "1.2.0", why: "slow" },
    incident: "i-1",
  };
  const left: Observed = {
    ...reverted,
    lastRelease: { color: "green", release: "1.2.0-0badcafe", at: "2026-11-20T10:00:00.000Z" },
    lastReverted: reversed,
  };
  const byShift: Observed = { ...blueServes, lastReverted: { ...reversed, step: "shift", incident: null } };
  const soaked =
    "Drift: the last update left green active, but the soak reverted to blue at 2026-11-20T11:00:00.000Z: " +
    "slow (incident i-1).";
  const shifted =
    "Drift: the last update was to make green active, but the shift reverted to blue at " +
    "2026-11-20T11:00:00.000Z: slow. This update shifts to green.";
  const table: [Observed, Color, version: string, string | undefined][] = [
    [left, "green", "1.2.0", `${soaked} This update shifts to green.`],
    [left, "green", "1.2.1", `${soaked} This update shifts to green.`],
    [left, "blue", "1.0.0", `${soaked} This update changes nothing.`],
    [byShift, "green", "1.2.0", shifted],
    [byShift, "green", "1.2.1", undefined],
    [byShift, "blue", "1.0.0", undefined],
    // It was made active by hand since.
    [{ ...left, live: "green" }, "green", "1.2.0", undefined],
  ];
  for (const [observed, activeColor, activeVersion, expected] of table)
    assert.equal(driftWarning(observed, { activeColor, activeVersion, stack: "prod" }), expected);
});
