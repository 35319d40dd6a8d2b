import assert from "node:assert/strict";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { TestEdge } from "../support/agent/edge.ts";
import { docker, poll } from "../support/agent/rig.ts";
import { Tunnel } from "../support/agent/tunnel.ts";

let own: TestEdge;
const opened: Tunnel[] = [];
const open = async (port = own.ports.public) => {
  const tunnel = await Tunnel.open(port);
  opened.push(tunnel);
  return tunnel;
};
const openMany = (count: number) => Promise.all(Array.from({ length: count }, () => open()));
const allEcho = async (tunnels: Tunnel[]) => (await Promise.all(tunnels.map((one) => one.echoes()))).every(Boolean);
const allEnd = (tunnels: Tunnel[], seconds: number) =>
  poll("all are closed", seconds, async () => tunnels.every(({ endedAt }) => endedAt !== undefined));

/** A POST whose last part is sent when `finish` is called. */
function slowPost(url: string) {
  const request = httpRequest(url, { method: "POST", agent: new Agent() });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(response));
    });
    request.on("error", reject);
  });
  request.write("x".repeat(1_000));
  return {
    answer,
    finish: () => {
      request.end("x".repeat(1_000));
      return answer;
    },
  };
}

describe("the sessions of a color after the commit", { timeout: 180_000 }, () => {
  before(async () => {
    own = await TestEdge.start("drain");
    await own.serveBlue();
  });
  after(() => own?.rig.remove());
  afterEach(() => {
    for (const tunnel of opened.splice(0)) tunnel.close();
  });

  it("stay open until the drain begins, then are closed gradually", async (t) => {
    const old = await openMany(20);
    const slow = slowPost(own.url());
    await poll("the POST has begun", 5, async () => (await own.client.counters()).public.blue.requests >= 21);
    const before = await own.client.counters();
    const committedAt = performance.now();
    const state = await own.commit("green", { drainMs: 5_000, drainSpreadMs: 3_000 });
    assert.equal(state.drain?.color, "blue");
    assert.equal(state.drain?.left, 21);
    const fresh = await openMany(2);
    const preview = await open(own.ports.preview);
    assert.equal(fresh[0]?.service, own.service("green", "web"));
    assert.equal(preview.service, own.service("blue", "web"));
    assert.equal(await allEcho(old), true);

    const posted = await slow.finish();
    assert.equal(posted.statusCode, 200);
    assert.equal(posted.headers["x-turnout-color"], "blue");
    assert.equal(posted.headers["x-received"], "2000");
    const { blue, green } = (await own.client.counters()).public;
    assert.equal(blue.requests, before.public.blue.requests, "it was sent to blue once");
    assert.equal(green.requests, before.public.green.requests + 2, "and never to green: these are the new tunnels");
    assert.equal((await own.client.state()).drain?.left, 20);

    await allEnd(old, 15);
    const ends = old.map(({ endedAt = 0 }) => Math.round(endedAt - committedAt)).toSorted((a, b) => a - b);
    t.diagnostic(`closed after ${ends.join(", ")} ms`);
    const [first = 0, last = 0] = [ends[0], ends.at(-1)];
    assert.ok(first >= 5_000, `the first ended after ${first} ms`);
    assert.ok(last <= 11_000, `the last ended after ${last} ms`);
    assert.ok(last - first > 1_000, "they did not end together");
    assert.equal(await allEcho([...fresh, preview]), true, "the new color and the preview are left alone");
    await poll("the drain is over", 3, async () => (await own.client.state()).drain === null);
  });

  it("are also closed in workers from before a reload, by an agent that was restarted", async () => {
    const old = await openMany(3);
    await own.client.putConfig(own.config({ maxconn: 7_001 }));
    await own.commit("blue", { drainMs: 15_000, drainSpreadMs: 500 });
    await docker("kill", `${own.rig.name}-agent`);
    await docker("start", `${own.rig.name}-agent`);
    const { drain } = await own.client.state();
    assert.equal(drain?.color, "green");
    assert.equal(drain?.left, 3);
    assert.ok(
      drain.remainingMs > 0 && drain.remainingMs < 14_500,
      `${drain.remainingMs} ms are left, it started again`,
    );
    assert.equal(await allEcho(old), true);
    await allEnd(old, 20);
  });

  it("are left alone without a drain, and when their color is active again before", async () => {
    const old = await openMany(2);
    await own.commit("green");
    assert.equal((await own.client.state()).drain, null);
    await own.commit("blue");
    await own.commit("green", { drainMs: 1_000, drainSpreadMs: 0 });
    assert.equal((await own.commit("blue")).drain, null);
    // Long enough that a drain which was not cancelled would have closed them.
    await delay(2_000);
    assert.equal(await allEcho(old), true);
  });
});
