import assert from "node:assert/strict";
import { Agent } from "node:http";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type EdgeConfigInput, edgeConfigHash } from "../../core/edge/config.ts";
import { createEdgeClient, type EdgeClient, EdgeConfigInvalid, EdgeRefused } from "../../jobs/edge/client.ts";
import { request, TestEdge } from "../support/agent/edge.ts";
import { docker, poll, type Rig } from "../support/agent/rig.ts";

let own: TestEdge;
let rig: Rig;
let ports: TestEdge["ports"];
let edge: EdgeClient;

const color = (which: string, service: string) => own.service(which, service);
const config = (change: Partial<EdgeConfigInput> = {}) => own.config(change);
const open = (path = "/") => own.url(path);
const inEdge = (script: string) => docker("exec", `${rig.name}-edge`, "bash", "-c", script);

describe("the edge and its agent", { timeout: 300_000 }, () => {
  before(async () => {
    own = await TestEdge.start("edge");
    ({ rig, ports, client: edge } = own);
  });
  after(() => own?.rig.remove());

  it("answers 503 while no color is active, and is healthy", async () => {
    const response = await own.ask();
    assert.equal(response.status, 503);
    assert.equal(response.headers["retry-after"], "5");
    await inEdge("/usr/local/bin/healthcheck");
  });

  it("requires the token", async () => {
    const url = `http://127.0.0.1:${ports.agent}`;
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    assert.equal((await fetch(`${url}/v1/state`)).status, 401);
    const unauthorized = createEdgeClient({ baseUrl: url, token: "another-token-altogether" });
    await assert.rejects(unauthorized.commit({ color: "blue", epoch: "x" }), (error) => {
      assert.ok(error instanceof EdgeRefused);
      return error.code === "unauthorized";
    });
  });

  it("loads a configuration in place, then commits the first color", async () => {
    assert.deepEqual(await edge.putConfig(config()), { hash: config().hash, reloaded: true });
    assert.deepEqual(await edge.putConfig(config()), { hash: config().hash, reloaded: false });
    await edge.announce("blue", "1.0.0");
    const announced = await edge.announce("green", "1.1.0");
    assert.equal(announced.preview, "green");
    const all = await own.allUp(4);
    assert.ok(all.services.every(({ up, total }) => up === 1 && total === 1));
    const state = await own.commit("blue");
    assert.equal(state.live?.committed, "blue");
    assert.equal(state.agrees, true);
    assert.equal(state.config.hash, config().hash);
    assert.equal(await own.served(), "blue");
    const preview = await fetch(`http://127.0.0.1:${ports.preview}/v1/x`, { headers: { "x-turnout-color": "blue" } });
    assert.equal(preview.headers.get("x-turnout-color"), "green");
    assert.equal(preview.headers.get("x-turnout-release"), "1.1.0");
    assert.equal(preview.headers.get("x-turnout-service"), null);
    assert.equal(await preview.text(), color("green", "api"));
    assert.equal(await (await fetch(open("/v10"))).text(), color("blue", "web"));
    const serving = await fetch(`http://127.0.0.1:${ports.whoami}/turnout/serving`);
    const { pid, ...ofWorker } = (await serving.json()) as Record<string, unknown>;
    assert.equal(pid, state.haproxy.pid);
    assert.deepEqual(ofWorker, {
      committed: "blue",
      candidate: null,
      weight: 0,
      preview: "green",
      skew: null,
      maintenance: null,
      releases: { blue: "1.0.0", green: "1.1.0" },
    });
  });

  it("moves all traffic under load without losing a request", async (t) => {
    const stop = await rig.load(`http://${rig.name}-edge:8080/v1/x`);
    const times: number[] = [];
    for (const which of ["green", "blue", "green", "blue", "green", "blue"] as const) {
      await delay(300);
      const began = performance.now();
      await own.commit(which);
      times.push(Math.round(performance.now() - began));
      assert.equal(await own.served(), which, "the first request after the commit");
    }
    const result = await stop();
    t.diagnostic(`6 flips of ${times.join(", ")} ms; ${result.answered} requests in ${result.seconds} s`);
    assert.deepEqual(result.lost, []);
    assert.equal(result.answered, result.sent);
    assert.ok((result.byColor.blue ?? 0) > 0 && (result.byColor.green ?? 0) > 0);
  });

  it("reloads under load without losing a request, and keeps counting", async (t) => {
    const countedBefore = (await edge.counters()).public.blue.answers;
    const stop = await rig.load(`http://${rig.name}-edge:8080/v1/x`);
    const times: number[] = [];
    for (const maxconn of [7_001, 7_002, 7_003]) {
      await delay(300);
      const began = performance.now();
      assert.equal((await edge.putConfig(config({ maxconn }))).reloaded, true);
      times.push(Math.round(performance.now() - began));
    }
    const result = await stop();
    const counted = (await edge.counters()).public.blue.answers - countedBefore;
    t.diagnostic(
      `3 reloads of ${times.join(", ")} ms; ${result.answered} requests in ${result.seconds} s, ${counted} counted`,
    );
    assert.deepEqual(result.lost, []);
    assert.equal(result.answered, result.sent);
    assert.ok(counted > result.answered * 0.9, `${counted} of ${result.answered} are counted`);
  });

  it("counts errors and slow answers exactly", async () => {
    const before = (await edge.counters()).public.blue;
    await Promise.all(
      ["?status=500", "?status=502", "?wait=150", "?wait=400", "?wait=1100"].map((query) =>
        // New connections: after a reload an old worker still counts its own answers separately.
        own.ask(`/${query}`),
      ),
    );
    const after = (await edge.counters()).public.blue;
    const grown = Object.fromEntries(Object.entries(after).map(([key, n]) => [key, n - before[key as "answers"]]));
    assert.deepEqual(grown, {
      requests: 5,
      answers: 5,
      errors5xx: 2,
      upTo100: 2,
      upTo300: 1,
      upTo1000: 1,
      upTo2000: 1,
      over2000: 0,
      unanswered: 0,
    });
  });

  it("keeps no connection on the old color at a flip and closes none early", async () => {
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal((await request(open(), { agent: kept })).headers["x-turnout-color"], "blue");
    const long = own.ask("/?parts=20");
    // From now on `kept` belongs to a worker that accepts no new connections.
    await edge.putConfig(config({ maxconn: 7_010 }));
    assert.ok((await edge.state()).haproxy.oldWorkers >= 1);
    await own.commit("green");
    assert.equal((await request(open(), { agent: kept })).headers["x-turnout-color"], "green");
    const finished = await long;
    assert.equal(finished.status, 200);
    assert.equal(finished.complete, true);
    assert.equal(finished.headers["x-turnout-color"], "blue");
    await own.commit("blue");
    kept.destroy();
  });

  it("keeps its configuration when the new one is invalid", async () => {
    const good = (await edge.state()).config.hash;
    const text = `${config().text}\nbackend broken\n  balance at-will\n`;
    await assert.rejects(edge.putConfig({ text, hash: edgeConfigHash(text) }), (error) => {
      assert.ok(error instanceof EdgeConfigInvalid);
      assert.match(error.words, /haproxy\.cfg:\d+\] : balance only supports/);
      return true;
    });
    assert.equal(await own.served(), "blue");
    assert.deepEqual((await edge.state()).config, { hash: good, pending: false });
  });

  it("restores the file when HAProxy rejects what its own check accepted", async () => {
    const good = (await edge.state()).config.hash;
    // An address that no interface has: the check does not bind, the start does.
    const text = `${config().text}\nfrontend nowhere\n  bind 192.0.2.1:8099\n`;
    await assert.rejects(edge.putConfig({ text, hash: edgeConfigHash(text) }), (error) => {
      assert.ok(error instanceof EdgeConfigInvalid);
      assert.match(error.words, /192\.0\.2\.1:8099/);
      return true;
    });
    assert.equal(await own.served(), "blue");
    assert.deepEqual((await edge.state()).config, { hash: good, pending: false });
    await inEdge("haproxy -c -q -f /edge/haproxy.cfg");
  });

  it("gives a candidate its share and withdraws it when the lease expires", async () => {
    const state = await edge.setCandidate({ color: "green", weight: 50, leaseMs: 2_000 });
    const began = performance.now();
    assert.equal(state.live?.candidate, "green");
    const seen = new Set<unknown>();
    await poll("both colors answer", 1.5, async () => {
      seen.add(await own.served());
      return seen.size === 2;
    });
    await edge.renewLease(2_000);
    const renewed = performance.now();
    await delay(2_000 - (renewed - began));
    assert.equal((await edge.state()).candidate, "green", "the renewed lease still holds");
    await poll("the lease expires", 3, async () => (await edge.state()).live?.candidate === null);
    const took = performance.now() - renewed;
    assert.ok(took > 1_500 && took < 2_500, `it ended after ${took} ms`);
    for (let i = 0; i < 20; i++) assert.equal(await own.served(), "blue");
  });

  it("restarts with the same color when HAProxy is killed", async (t) => {
    await own.commit("green");
    for (const victim of ["worker", "master"]) {
      const { pid } = (await edge.state()).haproxy;
      const master = "grep -l haproxy /proc/[0-9]*/comm | sort -V | head -1 | cut -d/ -f3";
      const began = performance.now();
      await inEdge(victim === "worker" ? `kill -9 ${pid}` : `kill -9 $(${master})`);
      await own.serves("green", 5);
      t.diagnostic(`${victim} killed: green answers again after ${Math.round(performance.now() - began)} ms`);
      await poll("the state agrees", 5, async () => (await edge.state()).agrees);
    }
  });

  it("keeps serving while the agent is down, and the agent restores its state", async () => {
    const before = await edge.state();
    await docker("kill", `${rig.name}-agent`);
    assert.equal(await own.served(), "green");
    await docker("start", `${rig.name}-agent`);
    const after = await edge.state();
    assert.notEqual(after.instance, before.instance);
    assert.deepEqual(
      { ...after, instance: "", haproxy: { ...after.haproxy, uptimeSeconds: 0 } },
      { ...before, instance: "", haproxy: { ...before.haproxy, uptimeSeconds: 0 } },
    );
  });

  it("ends a lease that expired while the agent was down", async () => {
    await edge.setCandidate({ color: "blue", weight: 100, leaseMs: 1_500 });
    await own.serves("blue", 1);
    await docker("kill", `${rig.name}-agent`);
    await delay(1_500);
    assert.equal(await own.served(), "blue", "no agent was running to end it");
    await docker("start", `${rig.name}-agent`);
    await own.serves("green", 10);
    assert.equal((await edge.state()).candidate, null);
  });

  it("restarts with the same color when both are killed", async () => {
    const { epoch } = await edge.state();
    await docker("kill", `${rig.name}-agent`, `${rig.name}-edge`);
    await docker("start", `${rig.name}-edge`);
    await own.serves("green", 10);
    await docker("start", `${rig.name}-agent`);
    const state = await poll("the state agrees", 10, async () => {
      const answer = await edge.state();
      return answer.agrees && answer;
    });
    assert.equal(state.committed, "green");
    assert.equal(state.epoch, epoch);
  });

  it("reports 'not yet live' while HAProxy is down, and applies the commit when HAProxy is back", async () => {
    await docker("kill", `${rig.name}-edge`);
    const hasty = createEdgeClient({ baseUrl: `http://127.0.0.1:${ports.agent}`, token: rig.token, deadlineMs: 7_000 });
    await assert.rejects(hasty.commit({ color: "blue", epoch: own.nextEpoch() }), /not yet live/);
    await docker("start", `${rig.name}-edge`);
    await own.serves("blue", 10);
    assert.equal((await own.commit("blue")).agrees, true);
  });

  it("sends no request to a replica of another release", async () => {
    await rig.replica("other-release", color("blue", "web"), "9.9.9");
    const find = async () => {
      const { services } = await edge.servers();
      return services.find((one) => one.color === "blue" && one.service === "web");
    };
    const isDown = ({ status, check }: { status: string; check: string }) =>
      status.startsWith("DOWN") && check.startsWith("L7");
    const other = await poll("the replica of another release is seen and down", 10, async () => {
      const one = await find();
      return one?.total === 2 && one.up === 1 && one.servers.find(isDown);
    });
    const anonymous = await rig.replica("anonymous", color("blue", "web"), "-");
    await poll("a replica that shows the sign for no release is down, too", 10, async () => {
      const one = await find();
      return one?.total === 3 && one.up === 1 && one.servers.filter(isDown).length === 2;
    });
    await docker("rm", "--force", anonymous);

    const rolling = await edge.announce("blue", "1.0.0", "9.9.9");
    assert.deepEqual(rolling.live?.also, { blue: "9.9.9", green: null });
    await poll("both releases are trusted", 10, async () => (await find())?.up === 2);
    const seen = new Set<unknown>();
    await poll("each shows its own release", 10, async () => {
      seen.add((await own.ask()).headers["x-turnout-release"]);
      return seen.size === 2;
    });
    assert.deepEqual([...seen].toSorted(), ["1.0.0", "9.9.9"]);
    await edge.announce("blue", "1.0.0", "7.7.7");
    await poll("a third one is not trusted", 10, async () => (await find())?.up === 1);

    await edge.announce("blue", "9.9.9");
    await poll("now it is reversed", 10, async () => {
      const one = await find();
      const down = one?.servers.find(isDown);
      return one?.up === 1 && down !== undefined && down.address !== other.address;
    });
    await edge.announce("blue", "1.0.0");
    await poll("and reversed again", 10, async () => (await find())?.up === 1);
  });
});
