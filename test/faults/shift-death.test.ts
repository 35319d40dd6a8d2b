import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { names } from "../../core/names.ts";
import { imageReference } from "../../images/own-images.ts";
import { changeService, edgeView, putVersion, type Running, revive } from "../support/colors.ts";
import {
  deployed,
  type FaultStack,
  faultStack,
  type RunningShift,
  returnTo,
  startShift,
} from "../support/fault-stack.ts";
import { smallDisk } from "../support/full-disk.ts";
import { tailJournal } from "../support/journal-tail.ts";
import { type LoadReport, startLoad } from "../support/load.ts";
import { poll, servingColor } from "../support/poll.ts";
import { settingsOf } from "../support/shift-job.ts";

// Whatever is killed in the middle of a shift, all traffic returns to the committed color, and repeating the job
// completes it. All under load.
let faults: FaultStack;
let blue: Running;

before(async () => {
  faults = await faultStack();
  blue = await deployed(faults, "blue");
});
after(() => faults?.remove());

/** Seconds a candidate may keep its share after its job was killed: its lease, 10, and room for a busy machine. */
const leaseAndMargin = 13;

test("a shift whose job is killed at every step: the lease expires each time, and the last retry commits", async (t) => {
  const green = await putVersion(faults.stack, "green", "1.1.0");
  const load = startLoad(faults.stack.url, { users: 4, pause: 80 });
  t.after(() => load.stop());

  await changeService(faults.stack, "service", "scale", `${names(faults.stack.prefix).service("green", "api")}=0`);
  const preparing = await startShift(faults, green);
  await killAt(preparing, "begun");
  assert.deepEqual(preparing.events(), ["started", "begun"]);
  await blueAlone(0);
  await revive(faults.stack, "green", "api");

  for (const weight of [10, 50]) {
    const trying = await startShift(faults, green, preparing.input);
    await killAt(trying, "step", weight);
    assert.equal(trying.events().at(-1), `step ${weight}`);
    assert.equal((await edgeView(faults.stack)).candidate, "green");
    t.diagnostic(`killed at ${weight} %: blue alone after ${(await blueAlone(leaseAndMargin)).toFixed(1)} s`);
  }

  const baking = await startShift(faults, green, preparing.input);
  await killAt(baking, "committed");
  assert.equal((await edgeView(faults.stack)).committed, "green");

  const last = await startShift(faults, green, preparing.input);
  const end = await last.ended;
  assert.equal(end.code, 0, end.text);
  // It was committed: only the bake was left.
  assert.deepEqual(last.events(), ["started", "watched", "ended committed", "done"]);
  assert.equal(await servingColor(faults.stack.url), "green");
  nothingLost(await load.stop());
});

test("a shift whose job is killed while it reverts: the next one completes that, with its incident", async (t) => {
  await returnTo(faults, blue);
  const broken = await putVersion(faults.stack, "green", "1.2.0-broken", { CLEANING_ERROR_RATE: "0.2" });
  const load = startLoad(faults.stack.url, { users: 4, pause: 80 });
  t.after(() => load.stop());
  const first = await startShift(faults, broken, { strategy: "blue-green" });
  await killAt(first, "reverting");
  assert.equal(first.events().at(-1), "reverting");

  const second = await startShift(faults, broken, first.input);
  const end = await second.ended;
  assert.equal(end.code, 5, end.text);
  assert.match(
    end.sentence,
    /Rollout of green 1\.2\.0-broken was reverted: error rate .*\. Blue is active again \(incident [\d-]+-green\)/,
  );
  assert.deepEqual(second.events(), ["started", "ended reverted, at fault", "failed"]);
  await blueAlone(0);
  await poll("blue's worker alone", 60, async () => {
    const [own, other] = await Promise.all(["blue-jobs", "green-jobs"].map(faults.stack.containers));
    return own?.length === 1 && other?.length === 0 ? true : undefined;
  });
  const report = await load.stop();
  // Only requests that the release itself failed.
  for (const { why, path } of report.lost) assert.match(`${why} ${path}`, /^status 500 \/v1\//);
  t.diagnostic(`${report.lost.length} of ${report.sent} requests lost, all failed by the release itself`);
});

test("HAProxy, the agent and both are killed in a canary: it continues, or blue has all traffic", async (t) => {
  await returnTo(faults, blue);
  const green = await putVersion(faults.stack, "green", "1.1.0");
  const load = startLoad(faults.stack.url, { users: 4, pause: 80 });
  t.after(() => load.stop());
  const steps = [{ weight: 10, seconds: 30 }];
  const shift = await startShift(faults, green, { rollout: { ...settingsOf(faults.stack).rollout, steps } });
  await shift.recorded("step");
  const killedHaproxy: number[] = [];
  for (const victims of [["edge"], ["agent"], ["edge", "agent"]]) {
    const began = Date.now();
    if (victims.includes("edge")) killedHaproxy.push(began);
    await Promise.all(victims.map((victim) => (victim === "edge" ? killHaproxy() : killAgent())));
    // Restored with the rest of its lease, or started again by the job.
    const back = poll("green as candidate again", 90, async () => {
      const { live } = await edgeView(faults.stack);
      return live?.committed === "blue" && live.candidate === "green" && live.weight === 10 ? true : undefined;
    });
    if ((await Promise.race([back, shift.ended])) !== true) break;
    t.diagnostic(`${victims.join(" and ")} killed: the canary continues after ${(Date.now() - began) / 1000} s`);
  }
  const end = await shift.ended;
  const report = await load.stop();
  // An agent that restarts late, as it may on a busy machine, is no reason to continue unwatched.
  if (end.code === 0) assert.equal(shift.events().at(-2), "ended committed");
  else
    assert.match(
      end.sentence,
      /Rollout of green 1\.1\.0 did not complete: .*the edge.*\. Blue is still active\. The release is not marked as bad/,
    );
  assert.equal(await servingColor(faults.stack.url), end.code === 0 ? "green" : "blue");
  assert.equal((await edgeView(faults.stack)).candidate, null);
  // A killed HAProxy loses its current requests and refuses new ones until it is restarted; a killed agent loses none.
  for (const { at, why } of report.lost) {
    const since = killedHaproxy.map((killed) => Date.parse(at) - killed);
    assert.ok(
      since.some((ms) => ms >= 0 && ms <= 10_000),
      `${why} at ${at}`,
    );
    assert.match(why, /ECONNRESET|ECONNREFUSED|socket hang up|EPIPE/);
  }
  t.diagnostic(`${end.code === 0 ? "committed" : "withdrawn"}; ${report.lost.length} of ${report.sent} requests lost`);
});

test("no change is made without a record: a full disk fails the shift, and free space lets it complete", async (t) => {
  await returnTo(faults, blue);
  const { stack } = faults;
  const ops = await imageReference(`${import.meta.dirname}/../..`, "ops");
  const disk = await smallDisk(ops, stack.prefix);
  t.after(() => disk.remove());
  const green = await putVersion(stack, "green", "1.1.0");
  const load = startLoad(stack.url, { users: 4, pause: 80 });
  t.after(() => load.stop());

  await disk.fill();
  const refused = await (await startShift(faults, green, {}, { journalVolume: disk.volume })).ended;
  assert.equal(refused.code, 5, refused.text);
  assert.match(refused.sentence, cannotWrite);
  await blueAlone(0);
  await disk.makeRoom();

  const journal = await tailJournal(ops, stack.prefix, disk.volume);
  t.after(() => journal.stop());
  const filled = await startShift(faults, green, {}, { journalVolume: disk.volume, follow: journal });
  await filled.recorded("step");
  await disk.fill();
  const end = await filled.ended;
  assert.equal(end.code, 5, end.text);
  assert.match(end.sentence, cannotWrite);
  assert.deepEqual(filled.events(), ["started", "begun", "step 10"]);
  // At once, not when the lease expires.
  await blueAlone(0);

  await disk.makeRoom();
  const again = await startShift(faults, green, filled.input, { journalVolume: disk.volume, follow: journal });
  const done = await again.ended;
  assert.equal(done.code, 0, done.text);
  assert.equal(await servingColor(stack.url), "green");
  nothingLost(await load.stop());
});

const cannotWrite =
  /Cannot write to the journal: .*ENOSPC.*\. No change is started without its record\. Free disk space on the server and retry\./;

/** Kills the job's container as soon as the record is written. */
async function killAt(shift: RunningShift, event: string, weight?: number): Promise<void> {
  const id = await shift.container();
  await shift.recorded(event, (record) => weight === undefined || ("weight" in record && record.weight === weight));
  await faults.stack.docker("kill", "--signal", "KILL", id);
  assert.equal((await shift.ended).code, 137);
}

/** Waits until the edge serves blue without a candidate. @returns how long that took, in seconds */
async function blueAlone(seconds: number): Promise<number> {
  const began = performance.now();
  await poll("blue alone", seconds, async () => {
    const { committed, candidate, weight, live } = await edgeView(faults.stack);
    assert.equal(committed, "blue");
    return candidate === null && weight === 0 && live?.committed === "blue" && live.candidate === null
      ? true
      : undefined;
  });
  return (performance.now() - began) / 1000;
}

/** Kills every process of HAProxy, and leaves the container. */
async function killHaproxy(): Promise<void> {
  const [id = ""] = await faults.stack.containers("edge");
  const kill = 'cd /proc; for p in [0-9]*; do [ "$(cat $p/comm)" = haproxy ] && kill -KILL $p; done; true';
  await faults.stack.docker("exec", id, "sh", "-c", kill);
}

async function killAgent(): Promise<void> {
  await faults.stack.docker("kill", "--signal", "KILL", ...(await faults.stack.containers("agent")));
}

function nothingLost(report: LoadReport): void {
  assert.deepEqual(report.lost, []);
  assert.equal(report.sent, report.answered);
}
