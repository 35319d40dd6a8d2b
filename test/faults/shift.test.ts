import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { JournalRecord } from "../../core/journal/records.ts";
import { defaultThresholds } from "../../core/verdict/thresholds.ts";
import { crash, edgeView, putVersion, type Running, revive } from "../support/colors.ts";
import { deployed, type FaultStack, faultStack, retry, startShift } from "../support/fault-stack.ts";
import { type LoadReport, startLoad } from "../support/load.ts";
import { poll, servingColor } from "../support/poll.ts";
import { settingsOf } from "../support/shift-job.ts";

// A release or its environment fails while a shift watches: in the end the old color is active, and
// the lost requests are counted. All under load.
let faults: FaultStack;
let blue: Running;

before(async () => {
  faults = await faultStack();
  blue = await deployed(faults, "blue");
});
after(() => faults?.remove());

const incidentIn = (record: JournalRecord | undefined) => (record?.event === "ended" ? record.incident : undefined);
const canaryUntil = (...last: string[]) => ["started", "begun", "step 10", ...last];
const whole = ["started", "begun", "step 10", "watched", "step 50", "watched", "committing", "committed", "watched"];

test("a slow release is withdrawn in the canary, and has an incident", async (t) => {
  const slow = await putVersion(faults.stack, "green", "1.3.0-slow");
  const load = startLoad(faults.stack.url);
  t.after(() => load.stop());
  const steps = [{ weight: 30, seconds: 15 }];
  const { rollout, thresholds } = settingsOf(faults.stack);
  const shift = await startShift(faults, slow, {
    rollout: { ...rollout, steps },
    thresholds: { ...thresholds, quantile: defaultThresholds.quantile },
  });
  const end = await shift.ended;
  const report = await load.stop();

  assert.equal(end.code, 5, end.text);
  assert.match(
    end.sentence,
    /Rollout of green 1\.3\.0-slow was withdrawn: p99 > 2000 ms \(\d+ of \d+ over 2000 ms\), threshold 2000 ms.*\. Blue is still active \(incident [\d-]+-green\)\. Deploy a corrected version/,
  );
  assert.ok(!shift.events().includes("committed"), shift.events().join());
  assert.deepEqual(shift.events().slice(-4), ["watched", "withdrawing", "ended withdrawn, at fault", "failed"]);
  assert.match(incidentIn(shift.records().at(-2)) ?? "", /-green$/);
  assert.deepEqual(report.lost, []);
  assert.equal(await servingColor(faults.stack.url), "blue");
  await noCandidate();
});

test("a release that crashes in the bake is reverted; requests are lost only in between", async (t) => {
  const crashing = await putVersion(faults.stack, "green", "1.1.0");
  const load = startLoad(faults.stack.url);
  t.after(() => load.stop());
  const shift = await startShift(faults, crashing, { strategy: "blue-green" });
  await shift.recorded("committed");
  const crashed = Date.now();
  await crash(faults.stack, "green", "api");
  const end = await shift.ended;
  await load.more(100);
  const report = await load.stop();

  assert.equal(end.code, 5, end.text);
  assert.match(
    end.sentence,
    /Rollout of green 1\.1\.0 was reverted: green api: 0 of 1 ready.*\. Blue is active again \(incident/,
  );
  assert.deepEqual(shift.events(), [
    ...["started", "begun", "committing", "committed", "watched"],
    ...["reverting", "ended reverted, at fault", "failed"],
  ]);
  const back = Date.parse(shift.records().find(({ event }) => event === "ended")?.at ?? "");
  const lostFor = between(report, crashed, back);
  assert.ok(report.lost.every(({ path }) => path.startsWith("/v1/")));
  assert.ok(lostFor < 10, `${lostFor} s`);
  t.diagnostic(`${report.lost.length} of ${report.sent} requests lost in ${lostFor.toFixed(1)} s`);
  assert.equal(await servingColor(faults.stack.url), "blue");

  // It crashed once; fixed, it passes every step, watched like a new release, by probes alone.
  await revive(faults.stack, "green", "api");
  const refused = await (await startShift(faults, crashing)).ended;
  assert.equal(refused.code, 3, refused.text);
  assert.match(
    refused.sentence,
    /green 1\.1\.0 was withdrawn or reverted at .* \(incident .*-green\)\. .*ops -- retry/,
  );
  await retry(faults);
  const again = await startShift(faults, crashing);
  const done = await again.ended;
  assert.equal(done.code, 0, done.text);
  assert.deepEqual(again.events(), [...whole, "ended committed", "done"]);
  assert.equal(await servingColor(faults.stack.url), "green");
});

test("an unavailable database holds the shift, and the shift continues when it is available again", async (t) => {
  await back();
  const sound = await putVersion(faults.stack, "green", "1.1.0");
  const load = startLoad(faults.stack.url);
  t.after(() => load.stop());
  const shift = await startShift(faults, sound);
  await shift.recorded("step");
  const unpause = await pauseDatabase();
  t.after(unpause);
  await shift.printed(/green at 10 %, on hold .* database: no answer for 3 s/);
  await unpause();
  const end = await shift.ended;
  const report = await load.stop();

  assert.equal(end.code, 0, end.text);
  assert.deepEqual(shift.events(), [...whole, "ended committed", "done"]);
  onlyWrites(report);
  t.diagnostic(`${report.lost.length} of ${report.sent} requests lost, all of them writes`);
  assert.equal(await servingColor(faults.stack.url), "green");
});

test("a database that stays unavailable leaves the old color active, and the release is not blamed", async (t) => {
  await back();
  const sound = await putVersion(faults.stack, "green", "1.1.0");
  const load = startLoad(faults.stack.url);
  t.after(() => load.stop());
  const shift = await startShift(faults, sound, { rollout: { ...settingsOf(faults.stack).rollout, hold: 3 } });
  await shift.recorded("step");
  const unpause = await pauseDatabase();
  t.after(unpause);
  const end = await shift.ended;
  await unpause();
  const report = await load.stop();

  assert.equal(end.code, 5, end.text);
  assert.match(
    end.sentence,
    /Rollout of green 1\.1\.0 did not complete: both colors have been failing for \d+ s: .*database: no answer for 3 s.*\. Blue is still active\. The release is not marked as bad/,
  );
  assert.deepEqual(shift.events(), canaryUntil("withdrawing", "ended withdrawn", "failed"));
  assert.ok(!shift.records().some(incidentIn));
  onlyWrites(report);
  t.diagnostic(`${report.lost.length} of ${report.sent} requests lost, all of them writes`);
  assert.equal(await servingColor(faults.stack.url), "blue");
  await noCandidate();
});

test("a candidate whose last replica crashes: its users are served by blue, and it is withdrawn", async (t) => {
  const crashing = await putVersion(faults.stack, "green", "1.1.0");
  const load = startLoad(faults.stack.url);
  t.after(() => load.stop());
  const shift = await startShift(faults, crashing);
  await shift.recorded("step");
  await crash(faults.stack, "green", "api");
  const end = await shift.ended;
  const report = await load.stop();

  assert.equal(end.code, 5, end.text);
  assert.match(
    end.sentence,
    /Rollout of green 1\.1\.0 was withdrawn: .*green api: 0 of 1 ready.*\. Blue is still active \(incident/,
  );
  assert.deepEqual(shift.events(), canaryUntil("watched", "withdrawing", "ended withdrawn, at fault", "failed"));
  await noCandidate();
  // Each of the six users can have had one request there, and another before the edge noticed.
  assert.ok(report.lost.length <= 12, JSON.stringify(report.lost));
  t.diagnostic(`${report.lost.length} of ${report.sent} requests lost`);
});

test("a target whose last replica crashes just before the commit is not active in the end", async (t) => {
  const crashing = await putVersion(faults.stack, "green", "1.1.0");
  const load = startLoad(faults.stack.url);
  t.after(() => load.stop());
  const rollout = { ...settingsOf(faults.stack).rollout, steps: [{ weight: 10, seconds: 5 }], bake: 15 };
  const shift = await startShift(faults, crashing, { rollout });
  await shift.recorded("step");
  // The record of the last step is written a moment before the commit.
  await shift.recorded("watched");
  const crashed = Date.now();
  await crash(faults.stack, "green", "api");
  const end = await shift.ended;
  const report = await load.stop();

  assert.equal(end.code, 5, end.text);
  const committed = shift.events().includes("committed");
  const why = committed ? /was reverted: .*green api: 0 of 1 ready/ : /did not complete: green 1\.1\.0 is not ready/;
  assert.match(end.sentence, why);
  assert.deepEqual(
    shift.events().slice(-3, -1),
    committed ? ["reverting", "ended reverted, at fault"] : ["withdrawing", "ended withdrawn"],
  );
  const lostFor = between(report, crashed, Date.parse(shift.records().at(-1)?.at ?? ""));
  assert.ok(lostFor < 10, `${lostFor} s`);
  t.diagnostic(`${committed ? "committed and reverted" : "not committed"}; ${report.lost.length} requests lost`);
  await noCandidate();

  // A retry is possible.
  await revive(faults.stack, "green", "api");
  if (committed) await retry(faults);
  const again = await startShift(faults, crashing, { rollout });
  const done = await again.ended;
  assert.equal(done.code, 0, done.text);
  assert.equal(await servingColor(faults.stack.url), "green");
});

test("a release that crashes in the soak is reverted, long after its update has returned", async (t) => {
  const { stack, journal } = faults;
  await back();
  const crashing = await putVersion(stack, "green", "1.1.0");
  const load = startLoad(stack.url);
  t.after(() => load.stop());
  const from = journal.records.length;
  const soak = (event: string) =>
    journal.next(`${event} of the soak`, from, (one) => one.step === "soak" && one.event === event);
  const rollout = { ...settingsOf(stack).rollout, bake: 2, soak: 300 };
  const input = { strategy: "blue-green" as const, rollout, soakSecrets: await soakSecrets() };
  const end = await (await startShift(faults, crashing, input)).ended;
  assert.equal(end.code, 0, end.text);
  await soak("begun");
  const status = await stack.status();
  assert.equal((status.soak as { color?: string } | null)?.color, "green");

  const crashed = Date.now();
  await crash(stack, "green", "api");
  const ended = await soak("ended");
  assert.ok(ended.step === "soak" && ended.event === "ended");
  assert.deepEqual([ended.outcome, ended.blame], ["reverted", true]);
  assert.match(String(ended.why), /green api: 0 of 1 ready/);
  assert.match(String(ended.incident), /-green$/);
  assert.equal(await poll("an answer", 30, () => servingColor(stack.url)), "blue");
  await load.more(50);
  const lostFor = between(await load.stop(), crashed, Date.parse(ended.at));
  t.diagnostic(`requests were lost for ${lostFor.toFixed(1)} s`);
  const filter = ["--filter", `label=turnout.job=${stack.prefix}-soak`];
  await poll("the soak's own end", 60, async () =>
    (await stack.docker("service", "ls", "--quiet", ...filter)) === "" ? true : undefined,
  );
});

/** What a soak is given, as the program names it. */
async function soakSecrets() {
  const { prefix } = faults.stack;
  const listed = await faults.stack.docker(
    ...["secret", "ls", "--format", "{{.ID}} {{.Name}}", "--filter", `label=turnout.stack=${prefix}`],
  );
  const all = listed.split("\n").map((line) => line.split(" "));
  return ["edge-token", "database-url"].map((key) => {
    const [id = "", name = ""] = all.find(([, one]) => one?.startsWith(`${prefix}-${key}-`)) ?? [];
    return { id, name, file: key.replace("-", "_") };
  });
}

/** Makes blue active again, in seconds. */
async function back(): Promise<void> {
  const end = await (await startShift(faults, blue)).ended;
  assert.equal(end.code, 0, end.text);
}

async function noCandidate(): Promise<void> {
  const { committed, candidate, weight, live } = await edgeView(faults.stack);
  assert.deepEqual({ committed, candidate, weight }, { committed: "blue", candidate: null, weight: 0 });
  assert.equal(live?.candidate, null);
}

/** Pauses the database's processes. @returns what resumes them */
async function pauseDatabase(): Promise<() => Promise<void>> {
  const [id = ""] = await faults.stack.containers("db");
  // The kernel does not always freeze a busy container at the first try.
  await poll("a paused database", 20, async () => faults.stack.docker("pause", id).then(() => true));
  let paused = true;
  return async () => {
    if (paused) await faults.stack.docker("unpause", id);
    paused = false;
  };
}

/** Every request that was lost needed the database. */
function onlyWrites(report: LoadReport): void {
  const others = report.lost.filter(({ path, why }) => path !== "/v1/leads" || why !== "status 503");
  assert.deepEqual(others, []);
}

/**
 * Seconds from the first request that was lost to the last; all of them lie in the time given, in milliseconds. One
 * that came before its end may have waited in the edge for a replica, for two seconds (`timeout queue`), and is lost
 * then.
 */
function between({ lost }: LoadReport, from: number, to: number): number {
  const times = lost.map(({ at }) => Date.parse(at));
  for (const time of times)
    assert.ok(time >= from - 1 && time <= to + 2_500, `lost at ${time - from} ms of ${to - from}`);
  return times.length === 0 ? 0 : (Math.max(...times) - Math.min(...times)) / 1000;
}
