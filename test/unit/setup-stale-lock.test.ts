import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { clearStaleLocks } from "../../setup/stale-lock.ts";

test("only the lock of a process that no longer runs on this host is removed", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "turnout-locks-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const folder = join(root, ".pulumi/locks/organization/turnout/dev");
  await mkdir(folder, { recursive: true });
  const gone = spawnSync(process.execPath, ["--version"]).pid;
  const locks: Record<string, unknown> = {
    gone: { pid: gone, hostname: hostname(), timestamp: "2026-01-02T03:04:05Z" },
    alive: { pid: process.pid, hostname: hostname() },
    elsewhere: { pid: gone, hostname: `not-${hostname()}` },
    nonsense: "not a lock",
  };
  for (const [name, lock] of Object.entries(locks)) await writeFile(join(folder, `${name}.json`), JSON.stringify(lock));
  await writeFile(join(folder, "cut.json"), '{"pid": 1');

  const removed = await clearStaleLocks(`file://${root}`, "turnout", "dev");
  assert.equal(removed.length, 1);
  assert.match(removed[0] ?? "", new RegExp(`2026-01-02T03:04:05Z \\(process ${gone}\\) is no longer running`));
  assert.deepEqual((await readdir(folder)).toSorted(), ["alive.json", "cut.json", "elsewhere.json", "nonsense.json"]);
});

test("a stack without locks and a backend elsewhere are left alone", async () => {
  assert.deepEqual(await clearStaleLocks("file:///nonexistent", "turnout", "dev"), []);
  assert.deepEqual(await clearStaleLocks("s3://states", "turnout", "dev"), []);
});
