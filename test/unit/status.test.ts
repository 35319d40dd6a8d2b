import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingObserved, type Observed } from "../../core/deploy/observed.ts";
import { describeStatus, statusOf, type Wanted } from "../../core/deploy/status.ts";

const outputs = { activeColor: "green", url: "http://localhost:8080", previewUrl: "http://localhost:8081" };
const healthy: Observed = {
  maintenance: false,
  also: { blue: null, green: null },
  live: "green",
  candidate: null,
  weight: 0,
  releases: { blue: "1.0.0-deadbeef", green: "1.1.0-0badcafe" },
  versions: { blue: "1.0.0", green: "1.1.0" },
  proven: { blue: "1.0.0", green: "1.1.0" },
  epoch: "first",
  services: [
    { service: "api", color: "blue", kind: "web", wanted: 2, ready: 2 },
    { service: "jobs", color: "blue", kind: "worker", wanted: 0, ready: 0 },
    { service: "api", color: "green", kind: "web", wanted: 2, ready: 2 },
    { service: "jobs", color: "green", kind: "worker", wanted: 1, ready: 1 },
  ],
  handover: false,
  unready: null,
  schemaRevision: "0123456789ab",
  lastBackup: "2026-11-20T09:00:00.000Z",
  lastRelease: { color: "green", release: "1.1.0-0badcafe", at: "2026-11-20T10:00:00.000Z" },
  incidents: [],
  canaryStep: null,
  soak: null,
  lastReverted: null,
  edge: "up",
  invalidJournalLines: 0,
};

const wanted: Wanted = {
  ...{ activeColor: "green", activeVersion: "1.1.0", stack: "prod" },
  ...{ replicas: { api: 2 }, services: ["api", "jobs"] },
};

/** The soak has reverted green 1.1.0. */
const reverted: Observed = {
  ...healthy,
  live: "blue",
  services: healthy.services.map((one) => {
    const workers = one.color === "blue" ? 1 : 0;
    return one.kind === "worker" ? { ...one, wanted: workers, ready: workers } : one;
  }),
  incidents: [
    {
      ...{ id: "2026-11-20-101500-green", at: "2026-11-20T10:15:00.000Z", color: "green", version: "1.1.0" },
      ...{ release: "1.1.0-0badcafe", why: "error rate 2.0 % (2 of 100)", step: "soak" },
    },
  ],
  lastReverted: {
    ...{ at: "2026-11-20T10:15:00.000Z", step: "soak", color: "green", version: "1.1.0" },
    ...{ why: "error rate 2.0 % (2 of 100)", incident: "2026-11-20-101500-green" },
  },
};

test("what status --json prints; these keys keep their meaning", () => {
  assert.deepEqual(statusOf(outputs, healthy, wanted), {
    desired: "green",
    live: "green",
    candidate: null,
    weight: 0,
    versions: { blue: "1.0.0", green: "1.1.0" },
    schemaRevision: "0123456789ab",
    healthy: true,
    edge: "up",
    replicas: healthy.services,
    handover: false,
    rollout: null,
    soak: null,
    incidents: [],
    lastBackup: "2026-11-20T09:00:00.000Z",
    lastRelease: { color: "green", release: "1.1.0-0badcafe", at: "2026-11-20T10:00:00.000Z" },
    url: "http://localhost:8080",
    previewUrl: "http://localhost:8081",
    invalidJournalLines: 0,
    problems: [],
  });
});

test("it is healthy only when desired and live agree and every replica is ready", () => {
  const replaced = (service: string, change: object) =>
    healthy.services.map((one) => (`${one.color} ${one.service}` === service ? { ...one, ...change } : one));
  const without = (service: string) => healthy.services.filter((one) => `${one.color} ${one.service}` !== service);
  const blueServes = reverted.services;
  const table: [outputs: Record<string, unknown>, Partial<Observed>, problem: RegExp][] = [
    [outputs, { live: undefined, edge: "down" }, /^The edge is unreachable\.$/],
    [outputs, { live: "green", edge: "down" }, /^The edge is unreachable\.$/],
    [outputs, { unready: "/readyz answers 503" }, /^green is active but not ready: \/readyz answers 503$/],
    [{}, {}, /^No update has completed yet\.$/],
    [{ activeColor: "mauve" }, {}, /^No update has completed yet\.$/],
    [
      outputs,
      { live: "blue", services: blueServes },
      /^The last update made green active, but the edge routes to blue\. /,
    ],
    [outputs, { live: null }, /^The last update made green active, but the edge routes to no color\. /],
    [outputs, { services: replaced("green api", { ready: 1 }) }, /^green api: 1 of 2 replicas are ready\.$/],
    [outputs, { services: replaced("blue api", { ready: 0 }) }, /^blue api: 0 of 2 replicas are ready\.$/],
    [outputs, { services: replaced("green jobs", { ready: 0 }) }, /^green jobs: 0 of 1 replicas are ready\.$/],
    [outputs, { services: replaced("green jobs", { wanted: 0, ready: 0 }) }, /^green jobs: 0 of 1 replicas/],
    [outputs, { services: replaced("green api", { wanted: 0, ready: 0 }) }, /^green api: 0 of 2 replicas are ready\.$/],
    [outputs, { services: replaced("green api", { wanted: 3, ready: 2 }) }, /^green api: 2 of 3 replicas are ready\.$/],
    [outputs, { services: without("green api") }, /^green api: the service does not exist on the server\.$/],
  ];
  for (const [desired, change, problem] of table) {
    const status = statusOf(desired, { ...healthy, ...change }, wanted);
    assert.equal(status.healthy, false, `${problem}`);
    assert.equal(status.problems.length, 1, status.problems.join(" "));
    assert.match(status.problems[0] ?? "", problem);
  }
});

test("an active color without services is not healthy, whatever the edge says; the idle one may have none", () => {
  const { problems } = statusOf(outputs, { ...healthy, services: [] }, wanted);
  assert.deepEqual(problems, [
    "green api: the service does not exist on the server.",
    "green jobs: the service does not exist on the server.",
  ]);
  const alone = healthy.services.filter(({ color }) => color === "green");
  assert.equal(statusOf(outputs, { ...healthy, services: alone }, wanted).healthy, true);
});

test("during a handover a worker that does not run is not a problem; a web service is", () => {
  const services = healthy.services.map((one) => (one.color === "green" ? { ...one, ready: 0 } : one));
  const status = statusOf(outputs, { ...healthy, services, handover: true }, wanted);
  assert.equal(status.handover, true);
  assert.deepEqual(status.problems, ["green api: 0 of 2 replicas are ready."]);
  assert.match(describeStatus(status), /^workers {7}moving to the active color$/m);
});

test("a stack without a deploy", () => {
  const status = statusOf({}, nothingObserved, wanted);
  assert.equal(status.desired, null);
  assert.equal(status.live, null);
  assert.equal(status.healthy, false);
  assert.equal(status.url, null);
  assert.match(describeStatus(status), /^active color unknown · NOT HEALTHY\n {2}! The edge is unreachable\.\n/);
});

test("the status as text for people", () => {
  assert.equal(
    describeStatus(statusOf(outputs, { ...healthy, candidate: "blue", weight: 25 }, wanted)),
    [
      "green 1.1.0 is active · healthy",
      "",
      "○ blue   1.0.0            api 2/2  jobs 0/0",
      "● green  1.1.0            api 2/2  jobs 1/1",
      "",
      "candidate     blue at 25 %",
      "schema        0123456789ab",
      "last backup   2026-11-20T09:00:00.000Z",
      "last release  1.1.0-0badcafe to green at 2026-11-20T10:00:00.000Z",
      "url           http://localhost:8080   preview http://localhost:8081",
    ].join("\n"),
  );
});

test("a reverted release is a problem for as long as it is configured as active", () => {
  const problem = (state: object, change: Partial<Observed>, serve: { color: "blue" | "green"; version: string }) => {
    const configured = { ...wanted, activeColor: serve.color, activeVersion: serve.version };
    return statusOf({ ...outputs, ...state }, { ...reverted, ...change }, configured).problems;
  };
  const green = { color: "green", version: "1.1.0" } as const;
  const blamed =
    "green 1.1.0 is configured as active, but the soak marked it as bad at 2026-11-20T10:15:00.000Z: " +
    "error rate 2.0 % (2 of 100) (incident 2026-11-20-101500-green). " +
    "Deploy a corrected version, or cancel the deploy with `npm run rollback -- --stack prod`.";
  const spared =
    "green 1.1.0 is configured as active, but the soak reverted to blue at 2026-11-20T10:15:00.000Z: " +
    "error rate 2.0 % (2 of 100). " +
    "Retry with `npm run deploy -- 1.1.0 --stack prod`, or cancel the deploy with `npm run rollback -- --stack prod`.";
  const drift =
    "The last update made green active, but the edge routes to blue. " +
    "Run `npm run pulumi -- preview --stack prod` for details.";
  const blue = { activeColor: "blue" };
  assert.deepEqual(problem({}, {}, green), [blamed], "after a soak green is active in the state, too");
  assert.deepEqual(problem(blue, {}, green), [blamed], "after a shift blue is active in the state");
  assert.deepEqual(problem(blue, { incidents: [] }, green), [spared]);
  assert.deepEqual(problem(blue, {}, { color: "blue", version: "1.0.0" }), [], "canceled");
  assert.deepEqual(problem(blue, {}, { color: "green", version: "1.1.1" }), [], "a corrected version, not yet tried");
  assert.deepEqual(problem({}, {}, { color: "blue", version: "1.0.0" }), [drift]);
  assert.deepEqual(problem(blue, { candidate: "green", weight: 5, incidents: [] }, green), [], "retried");
  assert.deepEqual(problem(blue, { incidents: [], lastReverted: null }, green), [], "not yet tried");
});

test("a canary, a soak and incidents, as JSON and as text", () => {
  const soak = { color: "green", version: "1.1.0", until: "2026-11-20T10:30:00.000Z" } as const;
  const canaryStep = { since: "2026-11-20T10:05:00.000Z", seconds: 300, paused: false };
  const observed: Observed = { ...reverted, candidate: "green", weight: 5, canaryStep, soak };
  const status = statusOf({ activeColor: "blue" }, observed, wanted);
  const step = "green at 5 %, since 2026-11-20T10:05:00.000Z for 300 s";
  assert.deepEqual(status.rollout, { step, weight: 5 });
  assert.deepEqual(status.soak, soak);
  assert.deepEqual(status.incidents, reverted.incidents);
  const lines = describeStatus(status).split("\n");
  assert.deepEqual(lines.slice(lines.indexOf(`candidate     ${step}`)).slice(0, 3), [
    `candidate     ${step}`,
    "soak          watching green 1.1.0 until 2026-11-20T10:30:00.000Z",
    "incident      green 1.1.0 was marked as bad at 2026-11-20T10:15:00.000Z: " +
      "error rate 2.0 % (2 of 100) (incident 2026-11-20-101500-green)",
  ]);
  const held = statusOf(outputs, { ...observed, canaryStep: { ...canaryStep, paused: true } }, wanted);
  assert.deepEqual(held.rollout, { step: `${step}, paused`, weight: 5 });
  // Without a candidate on the edge there is no step.
  assert.equal(statusOf(outputs, { ...observed, candidate: null }, wanted).rollout, null);
});

test("invalid lines of the journal are named, and what runs is healthy all the same", () => {
  const status = statusOf(outputs, { ...healthy, invalidJournalLines: 2 }, wanted);
  const sentence = "2 lines of the journal are invalid and ignored; `npm run ops -- log --stack prod` names the first.";
  assert.deepEqual([status.healthy, status.invalidJournalLines, status.problems], [true, 2, [sentence]]);
  assert.match(describeStatus(status), /^green 1\.1\.0 is active · healthy\n {2}! 2 lines of the journal are invalid/);
  const [one] = statusOf(outputs, { ...healthy, invalidJournalLines: 1 }, wanted).problems;
  assert.match(one ?? "", /^1 line of the journal is invalid and ignored/);
});
