import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lastReverted, shiftUnderWay, soakReverts, soakUnderWay, stepUnderWay } from "../../core/journal/history.ts";
import { openIncidents } from "../../core/journal/incidents.ts";
import { readRecords } from "../../core/journal/reader.ts";
import type { JournalRecord } from "../../core/journal/records.ts";
import { isCompleted, isRollback, supersededBy, unfinished } from "../../core/rollout/history.ts";
import { targetOf } from "../../core/rollout/orders.ts";
import { openSoak } from "../../core/rollout/soak.ts";

type Conclusions = Record<string, unknown>;

/**
 * Journals that 0.2.0 wrote, and what it concluded after each line: all of it after the first, then what has changed.
 */
const journals = JSON.parse(
  readFileSync(join(import.meta.dirname, "../support/fixtures/journals-0.2.0.json"), "utf8"),
) as Record<string, { aims: { green: string; blue: string }; lines: { record: object; then: Conclusions }[] }>;

const noRelease = { color: undefined, version: undefined, release: undefined };
const about = (one: JournalRecord) => {
  const { at, step, color, version, release } = { ...noRelease, ...one };
  return { at, step, color, version, release };
};

/** What 0.2.0 called a phase of the shift. */
const phases: Record<string, string> = { step: "trial", reversing: "undoing", reversal: "undoing" };

/** What the present code concludes from the same lines, in the words of the fixture. */
function conclusions(lines: readonly object[], aims: { green: string; blue: string }): Conclusions {
  const { records, bad } = readRecords(lines);
  assert.deepEqual(bad, []);
  const of = [
    { color: "green", release: aims.green },
    { color: "blue", release: aims.blue },
  ] as const;
  const shift = shiftUnderWay(records);
  const soak = openSoak(records);
  return {
    incidents: openIncidents(records),
    lastReverted: lastReverted(records),
    shift: shift && { ...shift, started: about(shift.started), phase: phases[shift.phase] ?? shift.phase },
    step: stepUnderWay(records),
    soak: soakUnderWay(records, new Date("2026-11-22T08:05:00.000Z")),
    openSoak: soak && { soak: soak.soak, color: soak.color, release: soak.release },
    soakReverts: soakReverts(records),
    unfinished: of.map((target) => {
      const found = unfinished(records, target);
      const reversal = found?.reversal && { why: found.reversal.why, blame: found.reversal.blame };
      return found && { from: found.from, reversal };
    }),
    completed: of.map((target) => isCompleted(records, target)),
    rollback: of.map((target) => isRollback(records, target)),
    overtaken: of.map((target) => {
      const found = supersededBy(records, target);
      return found && about(found);
    }),
    target: Object.fromEntries(
      (["promote", "abort", "pause", "resume", "retry"] as const).map((order) => {
        try {
          return [order, targetOf(order, records, { busy: true, soaks: true, stack: "dev" })];
        } catch {
          return [order, "refused"];
        }
      }),
    ),
  };
}

for (const [name, { aims, lines }] of Object.entries(journals))
  test(`a journal of 0.2.0 means the same today: ${name}`, () => {
    let expected: Conclusions = {};
    for (const [at, { then }] of lines.entries()) {
      expected = { ...expected, ...then };
      const found = conclusions(
        lines.slice(0, at + 1).map(({ record }) => record),
        aims,
      );
      for (const [key, value] of Object.entries(found))
        assert.deepEqual(value, expected[key], `${key} after line ${at}`);
    }
  });
