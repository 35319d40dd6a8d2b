import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isLeftovers } from "../support/left-behind.ts";

test("only what a test of this machine has created can be a leftover", async (t) => {
  const lock = (name: string) => join(tmpdir(), `${name}.lock`);
  const names = ["turnout-it-shop", "turnout-test-eu", "turnout-dev", "turnout-it-0a1b2c", "turnout-test-edge-0a1b2c"];
  for (const name of names) assert.equal(isLeftovers(name), false, `${name} has no lock file here`);
  t.after(() => Promise.all(names.map((name) => rm(lock(name), { force: true }))));
  for (const name of names) writeFileSync(lock(name), "");
  assert.deepEqual(names.filter(isLeftovers), ["turnout-it-0a1b2c", "turnout-test-edge-0a1b2c"]);
});
