import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { BusyError, StepError } from "../../core/errors.ts";
import { verifyChain } from "../../core/journal/chain.ts";
import { Journal, type JournalOptions } from "../../jobs/journal.ts";
import { takeLock } from "../../shared/flock.ts";
import { eventOf } from "../support/records.ts";

function emptyDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "turnout-journal-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const started = (step: string, more: object = {}) => eventOf(`${step} started`, more);

/** A journal with a known writer and time. */
const journalIn = (directory: string, more: JournalOptions = {}) =>
  new Journal(directory, { operator: "ada@laptop", now: () => new Date("2026-11-20T10:00:00.000Z"), ...more });

/** What is read of an event, beside what ties it to the line before. */
const written = (event: object) => ({ v: 2, at: "2026-11-20T10:00:00.000Z", operator: "ada@laptop", ...event });

/** The records of a journal without what ties them to the lines before. */
async function recordsOf(journal: Journal): Promise<object[]> {
  return (await journal.read()).records.map(({ prev: _prev, ...rest }) => rest);
}

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
  const journal = journalIn(emptyDirectory(t));
  assert.deepEqual(await journal.read(), { records: [], bad: [] });
  const events = [
    started("backup"),
    eventOf("backup failed", { took: 12, error: "two\nlines" }),
    started("shift", { epoch: "e" }),
  ];
  for (const one of events) await journal.append(one);
  assert.deepEqual(await recordsOf(journal), events.map(written));
});

test("it is only ever added to, one line a record", async (t) => {
  const directory = emptyDirectory(t);
  await new Journal(directory).append(started("backup"));
  const before = readFileSync(join(directory, "journal.jsonl"), "utf8");
  await new Journal(directory).append(started("shift"));
  const after = readFileSync(join(directory, "journal.jsonl"), "utf8");
  assert.ok(after.startsWith(before));
  assert.match(after, /^\{[^\n]+\}\n\{[^\n]+\}\n$/);
});

test("an incomplete last line is left out and counted", async (t) => {
  const directory = emptyDirectory(t);
  const journal = journalIn(directory);
  await journal.append(started("backup"));
  appendFileSync(join(directory, "journal.jsonl"), JSON.stringify(started("shift")).slice(0, 30));
  assert.deepEqual(await recordsOf(journal), [written(started("backup"))]);
  assert.deepEqual((await journal.read()).bad, [{ line: 2, why: "is not JSON" }]);
});

test("a record after an incomplete line is not lost", async (t) => {
  const directory = emptyDirectory(t);
  const journal = journalIn(directory);
  appendFileSync(join(directory, "journal.jsonl"), JSON.stringify(started("backup")).slice(0, 30));
  await journal.append(started("shift"));
  assert.deepEqual(await recordsOf(journal), [written(started("shift"))]);
  assert.deepEqual((await journal.read()).bad, [{ line: 1, why: "is not JSON" }]);
});

test("a full disk is one sentence", async (t) => {
  const directory = emptyDirectory(t);
  symlinkSync("/dev/full", join(directory, "journal.jsonl"));
  await assert.rejects(new Journal(directory).append(started("shift")), (error) => {
    assert.ok(error instanceof StepError);
    assert.match(
      error.message,
      /^Cannot write to the journal: ENOSPC: [^\n]+\. No change is started without its record\. /,
    );
    assert.match(error.message, /Free disk space on the server and retry\.$/);
    return true;
  });
});

test("the lock is given to one; the other learns who holds it", async (t) => {
  const directory = emptyDirectory(t);
  const [one, other] = [journalIn(directory), journalIn(directory)];
  const release = await one.lock(5);
  t.after(release);
  const todo = "wait for it to end (npm run ops -- log shows its steps) and retry";
  const unknown = new BusyError("Another job holds the lock of this stack; this job has waited 0.1 s", todo);
  await assert.rejects(other.lock(0.1), unknown);
  await one.append(started("backup"));
  await one.append(started("migration", { release: "1.1.0-deadbeef" }));
  const migration =
    "The step migration of 1.1.0-deadbeef, started by ada@laptop at 2026-11-20T10:00:00.000Z, " +
    "still holds the lock of this stack";
  await assert.rejects(other.lock(0.1), new BusyError(`${migration}; this job has waited 0.1 s`, todo));
  await one.append(started("handover"));
  const named = other.lock(0, (step) => step !== "handover");
  await assert.rejects(named, new BusyError(migration, todo), "what takes no lock is not its holder");
  await one.append(eventOf("migration done"));
  await assert.rejects(
    other.lock(0.1, (step) => step !== "handover"),
    unknown,
    "what has ended is not its holder",
  );
  const inProd = new BusyError(
    "Another job holds the lock of this stack",
    "wait for it to end (npm run ops -- log --stack prod shows its steps) and retry",
  );
  await assert.rejects(new Journal(directory, { stack: "prod" }).lock(0), inProd);
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
  await new Journal(directory).append(started("smoke"));
  assert.equal((await new Journal(directory).read()).records.length, 1);
});

test("two processes that write at once make one chain", async (t) => {
  const directory = emptyDirectory(t);
  const program = `
    import { Journal } from ${JSON.stringify(resolve(import.meta.dirname, "../../jobs/journal.ts"))};
    const journal = new Journal(${JSON.stringify(directory)}, { operator: process.argv[1] });
    const about = { color: "green", version: "1.1.0", release: "1.1.0-0badcafe" };
    for (let count = 0; count < 20; count++) await journal.append({ step: "shift", event: "committing", ...about });`;
  const writers = ["ada", "bob"].map((operator) =>
    spawn(process.execPath, ["--input-type=module", "--eval", program, operator], { stdio: "inherit" }),
  );
  // One of them also holds the lock of a job: an append does not wait for it.
  const release = await new Journal(directory).lock(5);
  t.after(release);
  const codes = await Promise.all(writers.map((writer) => once(writer, "exit")));
  assert.deepEqual(codes, [
    [0, null],
    [0, null],
  ]);
  const { records, bad } = await new Journal(directory).read();
  assert.deepEqual([records.length, bad], [40, []]);
  const { chained, broken } = verifyChain(await new Journal(directory).bytes(), null);
  assert.deepEqual([chained, broken], [40, null]);
});

test("an append waits for no job, and says so when another process does not end its own", async (t) => {
  const directory = emptyDirectory(t);
  const release = await new Journal(directory).lock(5);
  t.after(release);
  const held = await takeLock(directory, 0);
  assert.ok(typeof held === "function");
  // It waits with a patience of its own, which is cut here.
  const journal = new Journal(directory, { takeLock: (path) => takeLock(path, 0) });
  const sentence = "Cannot write to the journal: another process has been writing for 10 s. ";
  const message = `${sentence}No change is started without its record. Retry.`;
  await assert.rejects(journal.append(started("shift")), { name: "StepError", message });
  await held();
  await journal.append(started("shift"));
  assert.equal((await journal.read()).records.length, 1);
});
