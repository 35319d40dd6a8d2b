import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRecord } from "../../core/journal/text.ts";

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
