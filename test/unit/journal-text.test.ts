import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRecord } from "../../core/journal/text.ts";
import { recordOf } from "../support/records.ts";

test("a record of the journal as a line", () => {
  const about = { at: "2026-11-20T10:00:00.000Z", operator: "ada@laptop" };
  const table: [Parameters<typeof describeRecord>[0], string][] = [
    [
      recordOf("shift started", { ...about, color: "green", version: "1.1.0" }),
      "2026-11-20T10:00:00.000Z  shift       started     green 1.1.0 by ada@laptop",
    ],
    [
      recordOf("edge-config done", { ...about, took: 1234 }),
      "2026-11-20T10:00:00.000Z  edge-config done         (1.2 s) by ada@laptop",
    ],
    [
      recordOf("smoke failed", { ...about, color: "green", version: "1.1.0", took: 60_049, error: "It broke." }),
      "2026-11-20T10:00:00.000Z  smoke       failed      green 1.1.0 (60.0 s) by ada@laptop · It broke.",
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
    ["shift", "begun", { from: "blue", strategy: "canary" }, `shift       begun       ${end} · from blue, canary`],
    ["shift", "begun", { from: null, strategy: "recreate" }, `shift       begun       ${end} · recreate`],
    ["shift", "step", { weight: 5, seconds: 300 }, `shift       step        ${end} · 5 % for 300 s`],
    [
      "shift",
      "watched",
      { figures: "green 412 requests", kind: "good" },
      `shift       watched     ${end} · good · green 412 requests`,
    ],
    ["shift", "withdrawing", { why: "slow", blame: true }, `shift       withdrawing ${end} · slow`],
    ["shift", "reverting", { why: "slow", blame: true }, `shift       reverting   ${end} · slow`],
    ["shift", "committed", {}, `shift       committed   ${end}`],
    ["shift", "ended", { outcome: "committed", why: null, blame: false }, `shift       ended       ${end} · committed`],
    [
      ...(["shift", "ended"] as const),
      { outcome: "reverted", why: "slow", blame: true, incident: "i-1" },
      `shift       ended       ${end} · reverted: slow (incident i-1)`,
    ],
    [
      ...(["soak", "begun"] as const),
      { from: "blue", until, epoch: "e" },
      `soak        begun       ${end} · from blue, until ${until}`,
    ],
    [
      "soak",
      "ended",
      { outcome: "superseded", why: "1.3.0 is deployed" },
      `soak        ended       ${end} · superseded: 1.3.0 is deployed`,
    ],
    ["order", "promote", {}, `order       promote     ${end}`],
    ["order", "retry", { incident: "i-1" }, `order       retry       ${end} · incident i-1`],
    ["shift", "done", { from: "blue", why: "x" }, `shift       done        ${end.replace(" by", " (0.0 s) by")}`],
    ["shift", "paused-by-a-newer-one", { v: 3 }, `shift       paused-by-a-newer-one ${end}`],
  ];
  for (const [step, event, details, line] of table)
    assert.equal(
      describeRecord(recordOf(`${step} ${event}`, { ...about, ...details })),
      `2026-11-20T10:00:00.000Z  ${line}`,
    );
});
