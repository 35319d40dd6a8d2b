import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAnswer, parseLog, parseObserved, parseOrdered, protocol } from "../../core/deploy/answer.ts";
import { nothingObserved, type Observed } from "../../core/deploy/observed.ts";
import { TurnoutError } from "../../core/errors.ts";

const services = [
  { service: "api", color: "blue", kind: "web", wanted: 1, ready: 1 },
  { service: "jobs", color: "green", kind: "worker", wanted: 0, ready: 0 },
];
const incident = {
  ...{ id: "2026-11-22-083100-green", at: "2026-11-22T08:31:00.000Z", color: "green", version: "1.2.0-broken" },
  ...{ release: "1.2.0-broken-0a1b2c3d", why: "error rate 2.1 %", step: "shift" },
};
const lastRelease = { color: "blue", release: "1.0.0-0a1b2c3d", at: "2026-11-22T08:00:00.000Z" };
const reverted = {
  ...{ at: "2026-11-22T08:31:00.000Z", step: "shift", color: "green", version: "1.2.0-broken" },
  ...{ why: "error rate 2.1 %", incident: incident.id },
};

/** What `observe` of each released version printed, and what it is today. A release adds a row. */
const released: [version: string, answer: object, now: Partial<Observed>][] = [
  [
    "0.1.0",
    {
      ...{ step: "observe", at: "2026-11-22T09:00:00.000Z", live: "blue", candidate: null, weight: 0 },
      releases: { blue: "1.0.0-0a1b2c3d", green: null },
      versions: { blue: "1.0.0", green: null },
      ...{ epoch: "e-1", services, handover: false, schemaRevision: "4f1c9a7d2b60", lastBackup: null, lastRelease },
      edge: "up",
    },
    {
      ...{ live: "blue", epoch: "e-1", schemaRevision: "4f1c9a7d2b60", edge: "up", maintenance: false, unready: null },
      ...{ incidents: [], canaryStep: null, soak: null, lastReverted: null, proven: { blue: null, green: null } },
      also: { blue: null, green: null },
    },
  ],
  [
    "0.2.0",
    {
      ...{ step: "observe", at: "2026-11-22T09:00:00.000Z", maintenance: false, live: "blue", candidate: "green" },
      ...{
        weight: 25,
        releases: { blue: "1.0.0-0a1b2c3d", green: "1.1.0-0a1b2c3d" },
        also: { blue: null, green: null },
      },
      ...{ versions: { blue: "1.0.0", green: "1.1.0" }, proven: { blue: "1.0.0", green: "1.1.0" }, epoch: "e-1" },
      ...{
        services,
        unready: null,
        handover: false,
        schemaRevision: "4f1c9a7d2b60",
        lastBackup: "2026-11-22T08:00:00.000Z",
      },
      ...{ lastRelease, incidents: [incident], trial: { since: incident.at, seconds: 300, paused: true }, soak: null },
      ...{ lastUndone: reverted, edge: "up" },
    },
    {
      ...{ live: "blue", candidate: "green", weight: 25, epoch: "e-1", edge: "up" },
      canaryStep: { since: incident.at, seconds: 300, paused: true },
      incidents: [incident] as Observed["incidents"],
      lastReverted: reverted as Observed["lastReverted"],
    },
  ],
  [
    "0.2.0, while the edge does not answer",
    { lastRelease, services, edge: "down" },
    { live: undefined, epoch: undefined },
  ],
];

for (const [version, answer, now] of released)
  test(`the answer of ${version} is read`, () => {
    const found = parseObserved(JSON.stringify(answer));
    assert.deepEqual(Object.keys(found).sort(), Object.keys(nothingObserved).sort());
    for (const [key, value] of Object.entries(now)) assert.deepEqual(found[key as keyof Observed], value, key);
    assert.deepEqual(found.services, services);
    assert.deepEqual(found.lastRelease, lastRelease);
  });

test("an answer of today comes back as it was, fields of a later version beside it", () => {
  const today: Observed = { ...nothingObserved, live: "green", epoch: "e-2", edge: "up" };
  assert.deepEqual(parseObserved(JSON.stringify({ protocol, ...today, later: true })), today);
});

test("an answer of a newer protocol, and one that is truncated, are one sentence", () => {
  const cases: [string, RegExp][] = [
    [
      JSON.stringify({ protocol: protocol + 1 }),
      /newer version of Turnout .*protocol 3 instead of 2.*Update Turnout on this machine/,
    ],
    ['{"live":"bl', /answer of the ops image on the server is incomplete or invalid\./],
    ["null", /incomplete or invalid/],
    ['{"live":"red"}', /incomplete or invalid \(live\)/],
    // An answer without what a guard needs is not an empty server.
    [JSON.stringify({ protocol, edge: "down", lastRelease: null }), /incomplete or invalid \(services\)/],
    [JSON.stringify({ protocol, edge: "down", services: [] }), /incomplete or invalid \(lastRelease\)/],
    [JSON.stringify({ protocol, services: [], lastRelease: null }), /incomplete or invalid \(edge\)/],
  ];
  for (const [line, sentence] of cases)
    assert.throws(
      () => parseObserved(line),
      (error) => error instanceof TurnoutError && sentence.test(error.message),
      line,
    );
  assert.throws(() => parseAnswer("[]"), TurnoutError);
});

test("what an order and the log answered is read the same way, in every version", () => {
  const at = "2026-11-22T09:00:00.000Z";
  const about = { color: "green", version: "1.1.0", release: "1.1.0-0a1b2c3d" } as const;
  const abort = { step: "order", at, order: "abort", of: "shift", ...about, incident: null } as const;
  const retry = { ...abort, order: "retry", of: "incident", incident: incident.id } as const;
  for (const answer of [abort, retry]) {
    assert.deepEqual(parseOrdered(JSON.stringify(answer)), answer, "of 0.2.0");
    assert.deepEqual(parseOrdered(JSON.stringify({ protocol, ...answer, later: 1 })), answer, "of today");
  }
  const records = [{ at, step: "shift", event: "trial", weight: 10 }, null];
  assert.deepEqual(parseLog(JSON.stringify({ step: "log", at, records })), { records, bad: [], chain: null });
  const bad = [{ line: 3, why: "is no JSON" }];
  assert.deepEqual(parseLog(JSON.stringify({ protocol, records, bad })), { records, bad, chain: null });
  for (const parse of [parseOrdered, parseLog])
    for (const line of ['{"step":"or', "{}", JSON.stringify({ protocol: protocol + 1, ...abort, records })])
      assert.throws(() => parse(line), TurnoutError, line);
});
