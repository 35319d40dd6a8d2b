import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { needSetup, selectedTests } from "../support/selection.ts";

const root = resolve(import.meta.dirname, "../..");

test("words select test files by their paths; unit tests alone need no set-up", () => {
  const table: [words: string[], some: string, setup: boolean][] = [
    [[], "test/integration/deploy.test.ts", true],
    [["unit"], "test/unit/plan.test.ts", false],
    [["unit/plan", "unit/names"], "test/unit/names.test.ts", false],
    [["faults"], "test/faults/release.test.ts", true],
    [["unit/plan", "deploy"], "test/integration/deploy.test.ts", true],
  ];
  for (const [words, some, setup] of table) {
    const files = selectedTests(root, words);
    assert.ok(files.includes(some), words.join(" "));
    assert.ok(files.every((file) => words.length === 0 || words.some((word) => file.includes(word))));
    assert.equal(needSetup(files), setup, words.join(" "));
  }
  assert.deepEqual(selectedTests(root, ["no such test"]), []);
  const all = selectedTests(root, []);
  const at = (file: string) => all.indexOf(`test/${file}.test.ts`);
  assert.ok(all.slice(at("faults/z-daemon") + 1).every((file) => file.startsWith("test/unit/")));
  assert.ok(all.slice(0, at("faults/z-daemon")).every((file) => !file.startsWith("test/unit/")));
  assert.ok(at("faults/release") < at("faults/shift") && at("faults/shift") < at("integration/handover"));
});
