import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ChainReport, describeChain, firstPrev, hashOf, isIntact, verifyChain } from "../../core/journal/chain.ts";
import { knownHead } from "../../core/journal/known-head.ts";
import { Journal } from "../../jobs/journal.ts";
import { everyOldRecord } from "../support/old-journal.ts";
import { eventOf } from "../support/records.ts";

const oldLines = everyOldRecord.map((record) => JSON.stringify(record));
const sequence = ["shift started", "shift begun", "shift step", "shift watched", "shift committing", "shift committed"];

/** The lines of a journal that the real writer made, after others that lie there already. */
async function written(t: TestContext, before: readonly string[] = []): Promise<{ lines: string[]; head: string }> {
  const directory = mkdtempSync(join(tmpdir(), "turnout-chain-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "journal.jsonl");
  writeFileSync(file, before.map((line) => `${line}\n`).join(""));
  let head = "";
  for (const what of sequence) head = await new Journal(directory).append(eventOf(what));
  return { lines: readFileSync(file, "utf8").trimEnd().split("\n"), head };
}

const check = (lines: readonly string[], known: string | null = null) =>
  verifyChain(Buffer.from(lines.map((line) => `${line}\n`).join("")), known);
const brokenAt = (lines: readonly string[]) => check(lines).broken?.line;

test("what the writer writes is a chain, from its first line to the head it returns", async (t) => {
  const { lines, head } = await written(t);
  assert.equal(JSON.parse(lines[0] ?? "").prev, firstPrev);
  assert.equal(JSON.parse(lines[1] ?? "").prev, hashOf(lines[0] ?? ""));
  const expected: ChainReport = { chained: 6, unchained: 0, head, broken: null, known: null, hasKnown: true };
  assert.deepEqual(check(lines), expected);
  assert.equal(describeChain(expected), `The journal's chain is intact: 6 records are chained; its head is ${head}.`);
  const empty = check([]);
  assert.deepEqual([isIntact(empty), empty.head], [true, firstPrev]);
});

test("lines of an older release are tolerated before the chain and in it", async (t) => {
  const { lines, head } = await written(t, oldLines);
  const report = check(lines);
  assert.deepEqual([report.unchained, report.chained, report.broken], [oldLines.length, 6, null]);
  assert.equal(
    describeChain(report),
    `The journal's chain is intact: 6 records are chained, ${oldLines.length} lines are not; its head is ${head}.`,
  );
  const soak = oldLines.at(-2) ?? "";
  const between = await written(t, [...lines, soak]);
  assert.deepEqual([brokenAt(between.lines), check(between.lines).chained], [undefined, 12]);
  const changed = between.lines.with(lines.length, soak.replace("ada", "eve"));
  assert.equal(brokenAt(changed), lines.length + 2, "what follows it has its hash");
});

test("the first line that does not follow is found", async (t) => {
  const { lines } = await written(t);
  const edited = lines.with(2, (lines[2] ?? "").replace('"weight":5', '"weight":6'));
  const { prev: _prev, ...unchained } = JSON.parse(lines[3] ?? "");
  const { v: _v, ...old } = unchained;
  const table: [name: string, lines: string[], line: number | undefined][] = [
    ["a changed line", edited, 4],
    ["a removed line", lines.toSpliced(2, 1), 3],
    ["a removed first line", lines.slice(1), 1],
    ["lines cut out of the middle", lines.toSpliced(1, 3), 2],
    ["two lines in the other order", [...lines.slice(0, 2), lines[3] ?? "", lines[2] ?? "", ...lines.slice(4)], 3],
    ["a line that is there twice", lines.toSpliced(3, 0, lines[2] ?? ""), 4],
    ["a line that was put in", lines.toSpliced(3, 0, JSON.stringify(old)), 5],
    ["a line that is half gone", lines.with(2, (lines[2] ?? "").slice(0, 30)), 4],
    ["a record without its hash", lines.with(3, JSON.stringify(unchained)), 4],
    ["a record that was made an old one", lines.with(3, JSON.stringify(old)), 5],
    ["a cut end", lines.slice(0, -1), undefined],
  ];
  for (const [name, spoiled, line] of table) {
    const report = check(spoiled);
    assert.equal(report.broken?.line, line, name);
    assert.equal(isIntact(report), line === undefined, name);
  }
  const [third = "", wanted] = [edited[2], JSON.parse(edited[3] ?? "").prev];
  assert.equal(
    describeChain(check(edited)),
    `The journal's chain is broken at line 4: its \`prev\` is ${wanted}, but line 3 has the SHA-256 ${hashOf(third)}. ` +
      "A line was changed, removed or inserted there: compare the journal with a copy of it.",
  );
});

test("a cut end is found by a head that is known from elsewhere", async (t) => {
  const { lines, head } = await written(t);
  const known = hashOf(lines[3] ?? "");
  for (const [name, left, found] of [
    ["whole", lines, true],
    ["its last line is the one", lines.slice(0, 4), true],
    ["cut before it", lines.slice(0, 3), false],
    ["another journal", oldLines, false],
  ] as const)
    assert.deepEqual([check(left, known).hasKnown, isIntact(check(left, known))], [found, found], name);
  assert.equal(
    describeChain(check(lines, known)),
    `The journal's chain is intact: 6 records are chained; its head is ${head}; ` +
      "it contains the head that the last shift left in the stack's state.",
  );
  assert.equal(
    describeChain(check([], known)),
    `The journal does not contain the record that the last shift left in the stack's state (${known}). ` +
      "Its end was cut off, or it is another journal: compare it with a copy.",
  );
});

test("a line that a crash left incomplete is part of the chain", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "turnout-chain-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "journal.jsonl");
  const journal = new Journal(directory);
  await journal.append(eventOf("shift started"));
  appendFileSync(file, '{"v":2,"at"');
  await journal.append(eventOf("shift begun"));
  // Empty lines are none, and bytes that are no text have a hash as well.
  appendFileSync(file, Buffer.from([0x0a, 0x0a, 0xff, 0xfe, 0x0a, 0x0a]));
  await journal.append(eventOf("shift step"));
  const report = verifyChain(readFileSync(file), null);
  assert.deepEqual([report.chained, report.unchained, report.broken], [3, 2, null]);
});

test("only the end of a long journal is read to append to it", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "turnout-chain-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "journal.jsonl");
  const journal = new Journal(directory);
  for (const length of [10, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 300_000]) {
    writeFileSync(file, `${"x".repeat(100)}\n${"y".repeat(length)}\n\n`);
    await journal.append(eventOf("shift started"));
    const last = readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? "";
    assert.equal(JSON.parse(last).prev, hashOf("y".repeat(length)), `a line of ${length} bytes`);
  }
  writeFileSync(file, "\n".repeat(200_000));
  await journal.append(eventOf("shift started"));
  assert.equal(verifyChain(readFileSync(file), null).broken, null, "nothing but empty lines");
});

test("the head that the last shift left in the stack's state", () => {
  const shift = (at: string, more: object = {}) => ({
    outputs: { result: { step: "shift", at, color: "green", ...more } },
  });
  const state = (...resources: object[]) => ({ version: 3, deployment: { resources } });
  const table: [state: unknown, head: string | null][] = [
    [{}, null],
    [{ deployment: {} }, null],
    [state({ urn: "u" }, { outputs: { stdout: "x" } }, { outputs: { result: { step: "smoke", at: "1" } } }), null],
    [state(shift("2026-11-22T08:00:00.000Z")), null],
    [state(shift("2026-11-22T08:00:00.000Z", { journalHead: "aa" })), "aa"],
    [state(shift("2026-11-22T09:00:00.000Z", { journalHead: "bb" }), shift("2026-11-22T08:00:00.000Z")), "bb"],
  ];
  for (const [exported, head] of table) assert.equal(knownHead(exported), head);
});
