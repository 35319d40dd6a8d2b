import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, type TestContext, test } from "node:test";
import type { JournalRecord } from "../../core/journal/records.ts";
import { callAgent } from "../support/agent-call.ts";
import { eventsOf, journalOf } from "../support/journal.ts";
import { type LoadReport, startLoad } from "../support/load.ts";
import { nothingToDo, refused, through } from "../support/outcome.ts";
import { poll, servingColor } from "../support/poll.ts";
import { ownReleases } from "../support/releases.ts";
import { startCommand } from "../support/running.ts";
import { type TestStack, testStack } from "../support/stack.ts";

// Bad releases and lost operators, one after the other on a stack under load: each test continues
// where the previous one ended.
let stack: TestStack;
const releases = ownReleases();

before(async () => {
  stack = await testStack();
  stack.settings.strategy = "canary";
  stack.settings.timeouts = { start: 25, smoke: 10, check: 5 };
  stack.settings.rollout = { steps: [{ weight: 20, seconds: 4 }], bake: 3, soak: 0, hold: 10, skew: 5, drain: 10 };
  await stack.save();
  through(await stack.up());
});
after(async () => {
  await stack?.remove();
  await releases.remove();
});

/** The color is active on the edge and in the state. */
async function serves(color: string): Promise<void> {
  assert.equal(await servingColor(stack.url), color);
  assert.equal((await stack.outputs()).activeColor, color);
}

/** The deploy is canceled, and then there is nothing to do. */
async function cancel(version: string): Promise<void> {
  const canceled = through(await stack.cli("rollback"));
  assert.match(canceled.text, new RegExp(`Canceling the deploy of ${version} to green`));
  nothingToDo(await stack.preview());
  await serves("blue");
}

/** What users noticed of an action. */
async function underLoad(happens: () => Promise<void>, pause = 120): Promise<LoadReport> {
  const load = startLoad(stack.url, { users: 3, pause });
  try {
    await load.more(50);
    await happens();
    await load.more(50);
  } finally {
    await load.stop();
  }
  return load.stop();
}

/** The records of a version's rollout, as their events. */
const shiftOf = (records: JournalRecord[], version: string) => eventsOf(records, version, ["shift"]);

/** A deploy in its first step, which lasts until it is promoted. */
async function deployInTrial(t: TestContext, version: string) {
  const deploy = startCommand(stack, "deploy", version, "--steps", "20:600");
  t.after(() => deploy.abandon());
  await deploy.prints(/ gets 20 % of the traffic/, 180);
  return deploy;
}

test("a release that crashes at its start fails its own step; no traffic is moved, and canceling it leaves nothing behind", async () => {
  const version = "1.4.0-nostart";
  const { lost } = await underLoad(async () => {
    refused(await stack.cli("deploy", version), /The update did not complete\. Blue 1\.0\.0 is active/, 5);
    await serves("blue");
    await cancel(version);
  });
  assert.deepEqual(lost, []);
  assert.deepEqual(eventsOf(await journalOf(stack), version, ["backup", "migration", "smoke", "shift"]), [
    ...["backup started", "backup done", "migration started", "migration done"],
  ]);
});

test("a release that starts healthy and fails its smoke tests gets no traffic, however often it is deployed", async () => {
  const version = await releases.withPage("page", "<h1>Under construction</h1>");
  const sentence = new RegExp(
    `Smoke test "web page" of green ${version} after 10 s: the answer does not contain "CleanWithSnapshot", ` +
      "so it gets no traffic\\. Check its logs",
  );
  const { lost } = await underLoad(async () => {
    for (const _time of ["first", "again"]) {
      refused(await stack.cli("deploy", version), sentence, 5);
      await serves("blue");
    }
  });
  assert.deepEqual(lost, []);
  const records = await journalOf(stack);
  const once = ["smoke started", "smoke failed"];
  assert.deepEqual(eventsOf(records, version, ["smoke", "shift"]), [...once, ...once]);
  assert.match(records.findLast((one) => one.event === "failed")?.error ?? "", sentence);
  await cancel(version);
});

const broken = "1.2.0-broken";
const withdrawn =
  /Rollout of green 1\.2\.0-broken was withdrawn: error rate [\d.]+ % \(\d+ of \d+\), threshold 1 %; the other color has 0\.0 %\. Blue is still active \(incident ([\d-]+-green)\)/;

/** Deploys the broken release, which is withdrawn. @returns the incident */
async function tryBroken(): Promise<string> {
  const earlier = (await journalOf(stack)).length;
  let incident = "";
  const { lost, byColor } = await underLoad(async () => {
    const outcome = await stack.cli("deploy", broken, "--steps", "50:60");
    refused(outcome, withdrawn, 5);
    incident = withdrawn.exec(outcome.text)?.[1] ?? "";
    await serves("blue");
  }, 40);
  const records = (await journalOf(stack)).slice(earlier).filter(({ step }) => step === "shift");
  const events = ["started", "begun", "step", "watched", "withdrawing", "ended", "failed"];
  assert.deepEqual(
    records.map(({ event }) => event),
    events,
  );
  const ended = records[5];
  assert.ok(ended?.event === "ended");
  assert.deepEqual([ended.outcome, ended.blame, ended.incident], ["withdrawn", true, incident]);
  assert.match(String(ended.why), /^error rate [\d.]+ % \(\d+ of \d+\), threshold 1 %/);
  // It answers every fiftieth call of its api with 500, and only those requests are lost.
  for (const one of lost) {
    assert.deepEqual([one.why, one.color], ["status 500", "green"], JSON.stringify(one));
    assert.ok(one.at >= (records[1]?.at ?? "") && one.at <= (records[6]?.at ?? ""), `${one.at} is outside the canary`);
  }
  const answers = (byColor.green ?? 0) + lost.length;
  assert.ok(lost.length <= 1 + answers / 50, `${lost.length} of ${answers} answers of green were lost`);
  console.log(`withdrawn after ${answers} answers of green, ${lost.length} of them lost`);
  return incident;
}

test("a release that fails two requests in a hundred is withdrawn, and refused until its incident is closed", async () => {
  const first = await tryBroken();
  const config = await readFile(stack.env.TURNOUT_CONFIG_FILE ?? "", "utf8");
  const sentence = new RegExp(
    `green 1\\.2\\.0-broken .*was marked as bad at .*\\(incident ${first}\\).*ops -- retry`,
    "s",
  );
  refused(await stack.up(), sentence);
  refused(await stack.cli("deploy", broken), sentence, 3);
  assert.equal(await readFile(stack.env.TURNOUT_CONFIG_FILE ?? "", "utf8"), config);
  assert.match(through(await stack.cli("ops", "retry")).text, new RegExp(`Incident ${first} is closed`));
  assert.notEqual(await tryBroken(), first);
  const { lost } = await underLoad(async () => {
    through(await stack.cli("deploy", "1.1.0"));
    await serves("green");
  });
  assert.deepEqual(lost, []);
  const events = ["started", "begun", "step", "watched", "committing", "committed", "watched", "ended", "done"];
  assert.deepEqual(
    shiftOf(await journalOf(stack), "1.1.0"),
    events.map((event) => `shift ${event}`),
  );
  nothingToDo(await stack.preview());
});

test("two deploys at once: the second is refused with the name of the first, and the first completes", async (t) => {
  const [one, two] = [await releases.sound("one"), await releases.sound("two")];
  const elsewhere = await stack.elsewhere();
  const { lost } = await underLoad(async () => {
    const first = await deployInTrial(t, one);
    refused(await stack.cli("deploy", two), /Another deploy or rollback of the stack .* is in progress/, 4);
    const second = await elsewhere.up();
    const since = (await journalOf(stack)).findLast((one) => one.step === "shift" && one.event === "started");
    const holder = `The step shift of ${since?.release}, started by test at ${since?.at}, still holds the lock`;
    refused(second, new RegExp(`${holder} of this stack; this job has waited 30 s\\. Wait for it to end`));
    assert.match(second.text, /exit status 4/);
    through(await stack.cli("ops", "promote"));
    through(await first.ended);
    await serves("blue");
  });
  assert.deepEqual(lost, []);
  const records = await journalOf(stack);
  assert.deepEqual(eventsOf(records, two, ["backup", "migration", "smoke", "shift"]), []);
  assert.equal(shiftOf(records, one).filter((event) => event === "shift begun").length, 1);
  nothingToDo(await stack.preview());
});

test("an engine killed during a canary step: the job continues, and the next update joins it", async (t) => {
  const version = await releases.sound("trial");
  const { lost } = await underLoad(async () => {
    const first = await deployInTrial(t, version);
    await first.killEngine();
    const next = startCommand(stack, "deploy", version, "--steps", "20:600");
    t.after(() => next.abandon());
    await next.prints(/-shift is already running; joining it/, 120);
    const { body } = await callAgent(stack, "GET", "/v1/state");
    assert.deepEqual([body.committed, body.candidate, body.weight], ["blue", "green", 20]);
    through(await stack.cli("ops", "promote"));
    through(await next.ended);
    await serves("green");
  });
  assert.deepEqual(lost, []);
  const events = ["started", "begun", "step", "committing", "committed", "watched", "ended", "done"];
  assert.deepEqual(
    shiftOf(await journalOf(stack), version),
    events.map((event) => `shift ${event}`),
  );
  nothingToDo(await stack.preview());
});

test("an engine killed during the bake: the job completes, and the next update finds that in the journal", async (t) => {
  const version = await releases.sound("bake");
  through(await stack.pulumi("config", "set", "--path", "turnout:rollout.bake", "15"));
  const { lost } = await underLoad(async () => {
    const first = startCommand(stack, "deploy", version, "--steps", "20:4");
    t.after(() => first.abandon());
    await poll("the commit", 180, async () => ((await servingColor(stack.previewUrl)) === "green" ? true : undefined));
    await first.killEngine();
    await poll(
      "the end of the job",
      60,
      async () => shiftOf(await journalOf(stack), version).includes("shift done") || undefined,
    );
    assert.equal(await servingColor(stack.url), "blue");
    through(await stack.cli("deploy", version));
    await serves("blue");
  });
  assert.deepEqual(lost, []);
  const events = ["started", "begun", "step", "watched", "committing", "committed", "watched", "ended", "done"];
  assert.deepEqual(
    shiftOf(await journalOf(stack), version),
    [...events, "started", "done"].map((event) => `shift ${event}`),
  );
  nothingToDo(await stack.preview());
});

test("a rollback to a color without services is refused with what to do, and doing it works", async () => {
  const config = await readFile(stack.env.TURNOUT_CONFIG_FILE ?? "", "utf8");
  const { lost } = await underLoad(async () => {
    const idle = await stack.docker("service", "ls", "--quiet", "--filter", `name=${stack.prefix}-green-`);
    await stack.docker("service", "rm", ...idle.split("\n"));
    refused(await stack.cli("rollback"), /Cannot roll back to green trial-\w+: none of its services .*up --refresh/, 3);
    assert.equal(await readFile(stack.env.TURNOUT_CONFIG_FILE ?? "", "utf8"), config);
    await serves("blue");
    through(await stack.pulumi("up", "--yes", "--skip-preview", "--refresh"));
    await serves("blue");
    through(await stack.cli("rollback"));
    await serves("green");
  });
  assert.deepEqual(lost, []);
  nothingToDo(await stack.preview());
});
