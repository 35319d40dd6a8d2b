import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { BusyError, StepError } from "../../core/errors.ts";
import type { JournalRecord } from "../../core/journal/records.ts";
import { Journal } from "../../jobs/journal.ts";

function emptyDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "turnout-journal-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const record = (step: string, more: Partial<JournalRecord> = {}): JournalRecord => ({
  ...{ at: "2026-11-20T10:00:00.000Z", step, event: "started", operator: "ada@laptop" },
  ...more,
});

/** Another process that holds the journal's lock until it is killed. */
async function otherHolder(t: TestContext, directory: string) {
  const program = `
    import { Journal } from ${JSON.stringify(resolve(import.meta.dirname, "../../jobs/journal.ts"))};
    await new Journal(${JSON.stringify(directory)}).lock(5);
    console.log("held");
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => holder.kill("SIGKILL"));
  const [said] = await once(holder.stdout, "data");
  assert.equal(String(said), "held\n");
  return holder;
}

test("what is appended is read, oldest first", async (t) => {
  const journal = new Journal(emptyDirectory(t));
  assert.deepEqual(await journal.read(), []);
  const records = [
    record("backup"),
    record("backup", { event: "done", took: 12, error: "two\nlines" }),
    record("shift"),
  ];
  for (const one of records) await journal.append(one);
  assert.deepEqual(await journal.read(), records);
});

test("it is only ever added to, one line a record", async (t) => {
  const directory = emptyDirectory(t);
  await new Journal(directory).append(record("backup"));
  const before = readFileSync(join(directory, "journal.jsonl"), "utf8");
  await new Journal(directory).append(record("shift"));
  const after = readFileSync(join(directory, "journal.jsonl"), "utf8");
  assert.ok(after.startsWith(before));
  assert.match(after, /^\{[^\n]+\}\n\{[^\n]+\}\n$/);
});

test("a last line that was cut short is left out", async (t) => {
  const directory = emptyDirectory(t);
  const journal = new Journal(directory);
  await journal.append(record("backup"));
  appendFileSync(join(directory, "journal.jsonl"), JSON.stringify(record("shift")).slice(0, 30));
  assert.deepEqual(await journal.read(), [record("backup")]);
});

test("a record after a line that was cut short is not lost", async (t) => {
  const directory = emptyDirectory(t);
  const journal = new Journal(directory);
  appendFileSync(join(directory, "journal.jsonl"), JSON.stringify(record("backup")).slice(0, 30));
  await journal.append(record("shift"));
  assert.deepEqual(await journal.read(), [record("shift")]);
});

test("a full disk is said in one sentence", async (t) => {
  const directory = emptyDirectory(t);
  symlinkSync("/dev/full", join(directory, "journal.jsonl"));
  await assert.rejects(new Journal(directory).append(record("shift")), (error) => {
    assert.ok(error instanceof StepError);
    assert.match(
      error.message,
      /^The journal cannot be written \(ENOSPC: [^\n]+\), and no change is begun unrecorded\. /,
    );
    assert.match(error.message, /Make room on the server's disk and run it again\.$/);
    return true;
  });
});

test("the lock is given to one; the other is told who holds it", async (t) => {
  const directory = emptyDirectory(t);
  const [one, other] = [new Journal(directory), new Journal(directory)];
  const release = await one.lock(5);
  t.after(release);
  const todo = "wait for it to end (npm run ops -- log shows its steps) and run this again";
  const unknown = new BusyError("Another job holds the lock of this stack; it was waited for 0.1 s", todo);
  await assert.rejects(other.lock(0.1), unknown);
  await one.append(record("backup"));
  await one.append(record("migration", { release: "1.1.0-deadbeef" }));
  const migration =
    "The step migration of 1.1.0-deadbeef, started by ada@laptop at 2026-11-20T10:00:00.000Z, " +
    "still holds the lock of this stack";
  await assert.rejects(other.lock(0.1), new BusyError(`${migration}; it was waited for 0.1 s`, todo));
  await one.append(record("handover"));
  const named = other.lock(0, (step) => step !== "handover");
  await assert.rejects(named, new BusyError(migration, todo), "what takes no lock is not its holder");
  await one.append(record("migration", { event: "done" }));
  await assert.rejects(
    other.lock(0.1, (step) => step !== "handover"),
    unknown,
    "what has ended is not its holder",
  );
  const inProd = new BusyError(
    "Another job holds the lock of this stack",
    "wait for it to end (npm run ops -- log --stack prod shows its steps) and run this again",
  );
  await assert.rejects(new Journal(directory, "prod").lock(0), inProd);
});

test("who waits gets the lock when it is given back", async (t) => {
  const directory = emptyDirectory(t);
  const release = await new Journal(directory).lock(5);
  const waiting = new Journal(directory).lock(30);
  await release();
  await (await waiting)();
});

test("the lock ends with its holder, even when that is killed", async (t) => {
  const directory = emptyDirectory(t);
  const holder = await otherHolder(t, directory);
  await assert.rejects(new Journal(directory).lock(0.1), BusyError);
  holder.kill("SIGKILL");
  const release = await new Journal(directory).lock(10);
  await release();
});

test("holding the lock does not keep anybody from reading or writing", async (t) => {
  const directory = emptyDirectory(t);
  const release = await new Journal(directory).lock(5);
  t.after(release);
  await new Journal(directory).append(record("observe"));
  assert.equal((await new Journal(directory).read()).length, 1);
});
