import assert from "node:assert/strict";
import { test } from "node:test";
import { StepError } from "../../core/errors.ts";
import { type JobPlacement, jobArgv } from "../../core/job-argv.ts";
import { describeRecord } from "../../core/journal-text.ts";
import { until } from "../../ops/until.ts";

const shift: JobPlacement = {
  image: "turnout-ops:1",
  name: "turnout-dev-shift",
  verb: "shift",
  prefix: "turnout-dev",
  network: "turnout-dev-admin",
  volumes: { "/journal": "turnout-dev-journal", "/backups": "turnout-dev-backups" },
  docker: true,
  dockerHost: "ssh://deploy@prod",
  key: "0123456789ab",
};

test("the command line of a job, whole", () => {
  assert.deepEqual(jobArgv(shift, "a1b2c3"), [
    ...["run", "--interactive", "--rm", "--sig-proxy=false", "--init"],
    ...["--name", "turnout-dev-shift-a1b2c3"],
    ...["--label", "turnout.stack=turnout-dev"],
    ...["--label", "turnout.role=job"],
    ...["--label", "turnout.job=turnout-dev-shift"],
    ...["--label", "turnout.key=0123456789ab"],
    ...["--network", "turnout-dev-admin"],
    ...["--read-only", "--tmpfs", "/tmp"],
    ...["--cap-drop", "ALL"],
    ...["--security-opt", "no-new-privileges"],
    ...["--mount", "type=volume,source=turnout-dev-journal,target=/journal"],
    ...["--mount", "type=volume,source=turnout-dev-backups,target=/backups"],
    ...["--mount", "type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock"],
    ...["--env", "TURNOUT_OPERATOR"],
    ...["--env", "PULUMI_COMMAND_STDOUT"],
    "turnout-ops:1",
    "shift",
  ]);
});

test("a job that needs nothing is given nothing", () => {
  const argv = jobArgv({ ...shift, docker: false, volumes: {} }, "x");
  assert.ok(!argv.includes("--mount"));
  assert.ok(!argv.some((one) => one.includes("docker.sock")));
});

test("a record of the journal as a line", () => {
  const about = { at: "2026-11-20T10:00:00.000Z", operator: "ada@laptop" };
  const table: [Parameters<typeof describeRecord>[0], string][] = [
    [
      { ...about, step: "shift", event: "started", color: "green", version: "1.1.0" },
      "2026-11-20T10:00:00.000Z  shift       started green 1.1.0 by ada@laptop",
    ],
    [
      { ...about, step: "edge-config", event: "done", took: 1234 },
      "2026-11-20T10:00:00.000Z  edge-config done     (1.2 s) by ada@laptop",
    ],
    [
      { ...about, step: "smoke", event: "failed", color: "green", version: "1.1.0", took: 60_049, error: "It broke." },
      "2026-11-20T10:00:00.000Z  smoke       failed  green 1.1.0 (60.0 s) by ada@laptop · It broke.",
    ],
  ];
  for (const [record, line] of table) assert.equal(describeRecord(record), line);
});

test("what a change of color goes through, as lines", () => {
  const about = {
    ...{ at: "2026-11-20T10:00:00.000Z", operator: "ada@laptop" },
    color: "green",
    version: "1.2.0",
  } as const;
  const end = "green 1.2.0 by ada@laptop";
  const until = "2026-11-20T10:30:00.000Z";
  const table: [step: string, event: string, details: object, line: string][] = [
    ["shift", "begun", { from: "blue", strategy: "canary" }, `shift       begun   ${end} · from blue, canary`],
    ["shift", "begun", { from: null }, `shift       begun   ${end}`],
    ["shift", "trial", { weight: 5, seconds: 300 }, `shift       trial   ${end} · 5 % for 300 s`],
    [
      "shift",
      "watched",
      { figures: "green 412 requests", kind: "good" },
      `shift       watched ${end} · good · green 412 requests`,
    ],
    ["shift", "undoing", { why: "slow", blame: true }, `shift       undoing ${end} · slow`],
    ["shift", "committed", {}, `shift       committed ${end}`],
    ["shift", "ended", { outcome: "committed", why: null, incident: null }, `shift       ended   ${end} · committed`],
    [
      ...(["shift", "ended"] as const),
      { outcome: "rolled-back", why: "slow", blame: true, incident: "i-1" },
      `shift       ended   ${end} · rolled-back: slow (incident i-1)`,
    ],
    [
      ...(["soak", "begun"] as const),
      { from: "blue", until, epoch: "e" },
      `soak        begun   ${end} · from blue, until ${until}`,
    ],
    [
      "soak",
      "ended",
      { outcome: "superseded", why: "1.3.0 is deployed" },
      `soak        ended   ${end} · superseded: 1.3.0 is deployed`,
    ],
    ["order", "promote", {}, `order       promote ${end}`],
    ["order", "retry", { incident: "i-1" }, `order       retry   ${end} · incident i-1`],
    ["shift", "done", { from: "blue", why: "x" }, `shift       done    ${end}`],
  ];
  for (const [step, event, details, line] of table)
    assert.equal(describeRecord({ ...about, step, event, ...details }), `2026-11-20T10:00:00.000Z  ${line}`);
});

/** A clock that only sleeping moves. */
function fakeTime() {
  let now = 0;
  const slept: number[] = [];
  const sleep = async (milliseconds: number) => {
    slept.push(milliseconds);
    now += milliseconds;
  };
  return { now: () => new Date(now), monotonic: () => now, sleep, slept };
}

test("until asks until the answer is true", async () => {
  const time = fakeTime();
  const answers = ["1 of 2 ready", "2 of 2 ready, not yet asked", true as const];
  await until(time, "green is not ready", { timeout: 10 }, async () => answers.shift() ?? "asked too often");
  assert.deepEqual(answers, []);
  assert.deepEqual(time.slept, [200, 200]);
});

test("until gives up with the last thing that was missing", async () => {
  const time = fakeTime();
  let asked = 0;
  await assert.rejects(
    until(time, "green is not ready", { timeout: 1, every: 400 }, async () => `${++asked} asked`),
    new StepError("green is not ready after 1 s: 4 asked"),
  );
  assert.deepEqual(time.slept, [400, 400, 400]);
});

test("until asks once even when there is no time", async () => {
  await until(fakeTime(), "x", { timeout: 0 }, async () => true);
});

test("until lets a failure of the question through", async () => {
  await assert.rejects(
    until(fakeTime(), "x", { timeout: 1 }, async () => {
      throw new TypeError("defect");
    }),
    TypeError,
  );
});
