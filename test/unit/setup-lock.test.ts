import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { withLock } from "../../setup/lock.ts";

const lockModule = resolve(import.meta.dirname, "../../setup/lock.ts");

async function lockFile(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "turnout-lock-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, "below", "lock");
}

const never = () => assert.fail("the lock is free");

test("two at once wait for one another", async (t) => {
  const file = await lockFile(t);
  const order: string[] = [];
  const entered = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<void>();
  const first = withLock(
    file,
    async () => {
      entered.resolve();
      await waiting.promise; // it keeps the lock until the second one waits for it
      order.push("first");
    },
    never,
  );
  await entered.promise;
  await withLock(file, async () => void order.push("second"), waiting.resolve);
  await first;
  assert.deepEqual(order, ["first", "second"]);
});

test("the lock is released when the work fails", async (t) => {
  const file = await lockFile(t);
  await assert.rejects(
    withLock(file, () => Promise.reject(new Error("broken")), never),
    /broken/,
  );
  assert.equal(await withLock(file, async () => "next", never), "next");
});

test("a holder that is killed leaves no lock behind", async (t) => {
  const file = await lockFile(t);
  const script = `
    const { withLock } = await import(${JSON.stringify(lockModule)});
    await withLock(${JSON.stringify(file)}, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1e6); }), () => {});`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  let waited = false;
  const work = withLock(
    file,
    async () => "in",
    () => {
      waited = true;
      holder.kill("SIGKILL");
    },
  );
  assert.equal(await work, "in");
  assert.ok(waited);
});
