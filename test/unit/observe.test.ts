import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ObserveInput } from "../../core/jobs/inputs.ts";
import type { JournalRecord } from "../../core/journal/records.ts";
import { observe } from "../../jobs/commands/observe.ts";
import type { JobContext } from "../../jobs/context.ts";
import { Journal } from "../../jobs/journal.ts";
import { firstMoment, green, journalWith, writeJournal } from "../support/records.ts";

const input: ObserveInput = {
  prefix: "turnout-dev",
  edge: {
    agentUrl: "http://agent",
    token: "",
    publicUrl: "http://public",
    previewUrl: "http://preview",
    insideUrl: "http://inside",
  },
  ready: [],
};

test("what the journal says of changes of color is part of what is observed", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "turnout-observe-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const journal = new Journal(directory);
  const context = {
    journal,
    now: () => new Date(firstMoment + 60_000),
    docker: { services: async () => [], jobRuns: async () => false },
    edge: () => ({ state: () => Promise.reject(new Error("away")) }),
  } as unknown as JobContext;

  const nothing = await observe(input, context);
  assert.deepEqual([nothing.incidents, nothing.canaryStep, nothing.soak, nothing.lastReverted], [[], null, null, null]);

  const until = "2026-11-22T08:30:00.000Z";
  const end = { outcome: "withdrawn", why: "slow", blame: true, incident: "i-1" };
  const records = journalWith(
    ["soak begun", { until, color: "blue", version: "1.1.0" }],
    ["shift ended", end],
    ["shift started"],
    ["shift step", { weight: 5, seconds: 300 }],
  );
  writeJournal(directory, records);
  const { color, version } = green;
  const reversed = { at: records[1]?.at, color, version, why: "slow", step: "shift" };
  const found = await observe(input, context);
  assert.deepEqual(found.incidents, [{ ...reversed, id: "i-1", release: green.release }]);
  assert.deepEqual(found.lastReverted, { ...reversed, incident: "i-1" });
  assert.deepEqual(found.soak, { color: "blue", version: "1.1.0", until });
  assert.deepEqual(found.canaryStep, { since: records[3]?.at, seconds: 300, paused: false });
});

test("while the edge is unreachable the active color is unknown, unless there are no services and no records", async (t) => {
  const blue = { labels: { "turnout.color": "blue", "turnout.service": "api" }, wanted: 1, running: 0, env: {} };
  const shifted = journalWith(["shift ended", { outcome: "committed", why: "" }]);
  const away = () => Promise.reject(new Error("away"));
  const halfway = async () => ({ live: null, committed: null, maintenance: null });
  const whole = async () => ({ live: { committed: "green" }, maintenance: null });
  type Row = [name: string, services: object[], records: JournalRecord[], state: () => Promise<object>, live: unknown];
  const table: Row[] = [
    ["a first update that was killed", [], [], away, null],
    ["the same, its agent already running", [], [], halfway, null],
    ["services, and no record", [blue], [], away, undefined],
    ["a record, and no service", [], shifted, away, undefined],
    ["both, HAProxy down", [blue], shifted, halfway, undefined],
    ["a reachable edge", [], shifted, whole, "green"],
  ];
  for (const [name, services, records, state, live] of table) {
    const directory = mkdtempSync(join(tmpdir(), "turnout-observe-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const journal = new Journal(directory);
    writeJournal(directory, records);
    const context = {
      ...{ journal, now: () => new Date(firstMoment) },
      docker: { services: async () => services, jobRuns: async () => false },
      edge: () => ({ state }),
    } as unknown as JobContext;
    assert.equal((await observe(input, context)).live, live, name);
  }
});
