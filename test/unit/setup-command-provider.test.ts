import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { execa } from "execa";

const folder = resolve(import.meta.dirname, "../../setup/engine/command");
const go = await execa("go", ["version"], { reject: false });

// Only a machine that builds its engine has Go; the others use the official plugin.
test("our command provider behaves as documented", { skip: go.exitCode !== 0 }, async () => {
  const env = { GOFLAGS: "-buildvcs=false -mod=readonly" };
  const done = await execa("go", ["test", "./..."], { cwd: folder, env, reject: false, all: true });
  assert.equal(done.exitCode, 0, done.all);
});
