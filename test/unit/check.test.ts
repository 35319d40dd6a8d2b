import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { execa } from "execa";

const root = resolve(import.meta.dirname, "../..");

// Node strips types without looking at them, so the types are a test of their own.
test("format, lint and strict types hold", async () => {
  const done = await execa("npm", ["run", "--silent", "check"], { cwd: root, reject: false, all: true });
  assert.equal(done.exitCode, 0, done.all);
});
