import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { edgeConfigHash, renderEdgeConfig } from "../../core/edge/config.ts";
import { edgeConfigInput } from "../../core/edge/input.ts";
import { names } from "../../core/names.ts";
import { cleaning } from "../../systems/cleaning.ts";
import { callAgent } from "../support/agent-call.ts";
import { edgeView, putVersion, type Running, readyReplicas } from "../support/colors.ts";
import { deployed, type FaultStack, faultStack, returnTo, startShift } from "../support/fault-stack.ts";
import { startLoad } from "../support/load.ts";
import { imageWithOtherClock, setClock } from "../support/other-clock.ts";
import { poll, servingColor } from "../support/poll.ts";
import { readPhotos } from "../support/queue.ts";
import { runToEnd, settingsOf, shiftInput } from "../support/shift-job.ts";
import { longReport, openSocket, slowPost } from "../support/slow-requests.ts";
import { startStranger } from "../support/stranger.ts";

// What happens around a shift: an invalid configuration, an address of another service, a clock that is set, and
// slow requests. All under load.
let faults: FaultStack;
let blue: Running;

before(async () => {
  faults = await faultStack();
  blue = await deployed(faults, "blue");
});
after(() => faults?.remove());

test("sockets, reports and uploads that are open at the flip complete, each once; what remains is closed gradually", async (t) => {
  const { stack } = faults;
  const green = await putVersion(stack, "green", "1.1.0");
  const photos = () => readPhotos(stack.url, stack.secrets.adminPassword ?? "");
  const before = await photos();
  const load = startLoad(stack.url, { users: 2, pause: 80 });
  t.after(() => load.stop());
  const sockets = await Promise.all(Array.from({ length: 6 }, () => openSocket(stack.url)));
  t.after(() => Promise.all(sockets.map((socket) => socket.close())));

  const reports = [25, 27].map((seconds) => longReport(stack.url, seconds));
  const posts = [25, 27].map((seconds) => slowPost(stack.url, 600_000, seconds));
  for (const { begun } of [...reports, ...posts]) assert.ok(await begun);
  const reported = Promise.all(reports.map(atItsEnd));
  const posted = Promise.all(posts.map(atItsEnd));
  const rollout = { ...settingsOf(stack).rollout, bake: 3, drain: 30 };
  const shift = await startShift(faults, green, { strategy: "blue-green", rollout });
  const committed = Date.parse((await shift.recorded("committed")).at);
  // Not closed at the flip: each still answers, from the color it was opened on.
  await Promise.all(sockets.map((socket) => socket.send("after the flip")));
  const end = await shift.ended;
  assert.equal(end.code, 0, end.text);
  assert.equal(await servingColor(stack.url), "green");

  for (const { report, at } of await reported) {
    assert.deepEqual([report.complete, report.color, report.why], [true, "blue", undefined]);
    assert.ok(at > committed);
  }
  for (const { report, at } of await posted) {
    assert.deepEqual([report.intact, report.color, report.why], [true, "blue", undefined]);
    assert.ok(at > committed);
  }
  assert.deepEqual(await photos(), { count: before.count + 2, repeated: 0 });

  const ends = await Promise.all(sockets.map(({ ended }) => ended));
  const after = ends.map(({ at }) => (at - committed) / 1000).toSorted((a, b) => a - b);
  t.diagnostic(`sockets closed ${after.map((seconds) => seconds.toFixed(0)).join(", ")} s after the commit`);
  const [first = 0] = after;
  const last = after.at(-1) ?? 0;
  // From `drain` on, spread over half a minute.
  assert.ok(first >= 29 && last <= 75, after.join());
  assert.ok(last - first > 3, after.join());
  for (const socket of sockets) {
    const { unanswered, strange, color } = socket.report();
    assert.deepEqual({ unanswered, strange, color }, { unanswered: [], strange: [], color: "blue" });
  }
  assert.deepEqual((await load.stop()).lost, []);
});

test("a configuration that HAProxy rejects is refused with its message, in a canary too; a valid one keeps the canary", async (t) => {
  await returnTo(faults, blue);
  const { stack } = faults;
  const green = await putVersion(stack, "green", "1.1.0");
  const sound = renderEdgeConfig(edgeConfigInput(stack.prefix, cleaning, settingsOf(stack)));
  const configOf = (text: string) => ({ text, hash: edgeConfigHash(text) });
  const broken = configOf(`${sound}\nfrontend broken\n  bind :1\n  no-such-word here\n`);
  const before = await configHash();
  const load = startLoad(stack.url, { users: 4, pause: 80 });
  t.after(() => load.stop());

  const { prefix, edge } = shiftInput(stack, green);
  const refused = await runToEnd(stack, "edge-config", { prefix, edge, ...broken });
  assert.equal(refused.code, 5, refused.text);
  assert.match(refused.text, /HAProxy rejected the edge's new configuration; the previous one is still in use:/);
  assert.match(refused.text, /unknown keyword 'no-such-word' in 'frontend' section/);
  assert.doesNotMatch(refused.text, /^\s+at .+:\d+:\d+/m, "a stack trace");
  assert.equal(await configHash(), before);

  const rollout = { ...settingsOf(stack).rollout, steps: [{ weight: 10, seconds: 25 }] };
  const shift = await startShift(faults, green, { rollout });
  await shift.recorded("step");
  assert.equal((await callAgent(stack, "PUT", "/v1/config", broken)).status, 422);
  assert.equal((await callAgent(stack, "PUT", "/v1/config", configOf(`${sound}\n# new\n`))).status, 200);
  const { live } = await edgeView(stack);
  assert.deepEqual([live?.committed, live?.candidate], ["blue", "green"]);
  const end = await shift.ended;
  assert.equal(end.code, 0, end.text);
  assert.equal(shift.events().filter((event) => event.startsWith("step")).length, 1, "no step was started again");

  const again = await runToEnd(stack, "edge-config", { prefix, edge, ...configOf(sound) });
  assert.equal(again.code, 0, again.text);
  assert.equal(await configHash(), before);
  assert.equal(await servingColor(stack.url), "green");
  assert.deepEqual((await load.stop()).lost, []);
});

test("an address that now belongs to another service gets no request, whatever it answers", async (t) => {
  await returnTo(faults, blue);
  const { stack } = faults;
  const green = await putVersion(stack, "green", "1.1.0");
  const service = names(stack.prefix).service("green", "web");
  const masks = [
    {},
    { "x-turnout-service": service },
    { "x-turnout-service": service, "x-turnout-release": blue.release },
    { "x-turnout-service": names(stack.prefix).service("blue", "web"), "x-turnout-release": green.release },
  ];
  const stranger = await startStranger(stack, { color: "green", service: "web", port: 3000 }, masks);
  t.after(() => stranger.remove());
  await poll("checks of the other service", 60, async () => ((await stranger.asked()).length > 8 ? true : undefined));
  const load = startLoad(stack.url, { users: 4, pause: 80 });
  t.after(() => load.stop());
  const shift = await startShift(faults, green);
  const end = await shift.ended;
  await load.more(100);
  const report = await load.stop();

  assert.equal(end.code, 0, end.text);
  assert.equal((await readyReplicas(stack, "green")).web, 1);
  const asked = await stranger.asked();
  assert.deepEqual([...new Set(asked)], ["turnout-edge /healthz"]);
  t.diagnostic(`the other service was checked ${asked.length} times, and asked nothing else`);
  assert.deepEqual(report.lost, []);
  assert.ok((report.byColor.green ?? 0) > 100, JSON.stringify(report.byColor));
});

test("a clock that jumps by an hour, forward and back, neither shortens nor extends a shift", async (t) => {
  const image = await imageWithOtherClock();
  await returnTo(faults, blue);
  const { stack } = faults;
  const green = await putVersion(stack, "green", "1.1.0");
  const load = startLoad(stack.url, { users: 4, pause: 80 });
  t.after(() => load.stop());
  const began = performance.now();
  const shift = await startShift(faults, green, {}, { image });
  const id = await shift.container();
  const first = await shift.recorded("step", (one) => "weight" in one && one.weight === 10);
  const stepBegan = performance.now();
  await setClock(stack, id, "+1h");
  const second = await shift.recorded("step", (one) => "weight" in one && one.weight === 50);
  const stepTook = (performance.now() - stepBegan) / 1000;
  await setClock(stack, id, "-1h");
  const end = await shift.ended;
  const took = (performance.now() - began) / 1000;

  assert.equal(end.code, 0, end.text);
  const hours = (a: string, b: string) => Math.round((Date.parse(b) - Date.parse(a)) / 3_600_000);
  const last = shift.records().at(-1);
  assert.equal(hours(first.at, second.at), 1, "the clock was set");
  assert.equal(hours(second.at, last?.at ?? ""), -2, "the clock was set back");
  assert.ok(stepTook >= 4.5, `the step of 5 s took ${stepTook} s`);
  // Steps of 5 and 5 s and a bake of 5 s: the journal's figure is of the time that passed.
  assert.ok(last?.event === "done");
  assert.ok(last.took >= 14_500 && last.took <= took * 1000, `${last.took} ms of ${took} s`);
  assert.equal(await servingColor(stack.url), "green");
  assert.deepEqual((await load.stop()).lost, []);
});

/** A slow request's report, and when it ended. */
async function atItsEnd<R>({ ended }: { ended: Promise<R> }): Promise<{ report: R; at: number }> {
  return { report: await ended, at: Date.now() };
}

async function configHash(): Promise<unknown> {
  const { body } = await callAgent(faults.stack, "GET", "/v1/state");
  return (body.config as { hash?: string } | null)?.hash;
}
