import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { runAgent } from "../../agent/main.ts";
import { edgeConfigHash } from "../../core/edge/config.ts";
import {
  createEdgeClient,
  EdgeConfigInvalid,
  EdgeNotLive,
  EdgeRefused,
  EdgeUnreachable,
} from "../../jobs/edge/client.ts";
import { FakeHaproxy } from "../support/agent/fake-haproxy.ts";
import { poll } from "../support/poll.ts";

const token = "a-token-for-this-test-only";
let directory: string;
let haproxy: FakeHaproxy;
let valid: { ok: boolean; words: string };
let stop: AbortController;
let ended: Promise<void>;
let url: string;

async function startAgent(): Promise<void> {
  stop = new AbortController();
  const port = new Promise<number>((resolve, reject) => {
    ended = runAgent({
      directory,
      port: 0,
      tokenFile: join(directory, "token"),
      validate: async () => valid,
      signal: stop.signal,
      log: () => undefined,
      listening: resolve,
    });
    ended.catch(reject);
  });
  url = `http://127.0.0.1:${await port}`;
}
async function stopAgent(): Promise<void> {
  stop.abort();
  await ended;
}
const client = (deadlineMs = 3_000) => createEdgeClient({ baseUrl: url, token, deadlineMs });
const send = (method: string, path: string, body: string, bearer = token) =>
  fetch(`${url}${path}`, { method, body, headers: { authorization: `Bearer ${bearer}` } });
const file = (name: string) => readFile(join(directory, name), "utf8");
async function bothAnnounced() {
  const edge = client();
  await edge.announce("blue", "1.0.0");
  await edge.announce("green", "1.1.0");
  return edge;
}

describe("the edge's agent with a fake HAProxy", { timeout: 60_000 }, () => {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "turnout-edge-"));
    valid = { ok: true, words: "" };
    haproxy = new FakeHaproxy(41);
    await haproxy.listen(directory);
    await writeFile(join(directory, "token"), `${token}\n`);
    await writeFile(join(directory, "haproxy.cfg"), "first\n");
    await startAgent();
  });
  afterEach(async () => {
    await stopAgent();
    await haproxy.close();
    await rm(directory, { recursive: true });
  });

  it("refuses an invalid request with a message", async () => {
    const cases: [string, string, string, number, RegExp][] = [
      ["POST", "/v1/commit", "{", 400, /not JSON/],
      ["POST", "/v1/commit", '{"color":"blue"}', 400, /"epoch"/],
      ["POST", "/v1/commit", '{"color":"red","epoch":"x"}', 400, /"color"/],
      ["POST", "/v1/commit", '{"color":"blue","epoch":"x","force":true}', 400, /force/],
      ["POST", "/v1/commit", '{"color":"blue","epoch":"x"}', 409, /no announced release/],
      ["POST", "/v1/commit", '{"color":"blue","epoch":"x","skewMs":-1}', 400, /skew in milliseconds of -1/],
      ["PUT", "/v1/candidate", '{"color":"blue","weight":"5","leaseMs":5000}', 400, /"weight"/],
      ["PUT", "/v1/config", `{"text":"x","hash":"${"0".repeat(64)}"}`, 400, /hash does not match the text/],
      ["PUT", "/v1/config", `{"text":"${"x".repeat(1 << 20)}","hash":"x"}`, 400, /longer than/],
      ["GET", "/v1/nothing", "", 404, /Unknown path \/v1\/nothing/],
      ["PUT", "/v1/state", "{}", 405, /allows GET/],
    ];
    for (const [method, path, body, status, message] of cases) {
      const response =
        method === "GET"
          ? await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
          : await send(method, path, body);
      assert.equal(response.status, status, `${method} ${path} ${body.slice(0, 60)}`);
      assert.match(((await response.json()) as { message: string }).message, message);
    }
    assert.equal((await send("POST", "/v1/commit", "{}", "no-such-token")).status, 401);
    assert.equal((await fetch(`${url}/v1/state`)).status, 401);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });

  it("commits on disk and in every worker, old ones too", async () => {
    haproxy.addWorker(42);
    const edge = await bothAnnounced();
    const state = await edge.commit({ color: "green", epoch: "e1", expectedCommitted: null });
    assert.equal(state.committed, "green");
    assert.equal(state.haproxy.pid, 42);
    assert.equal(state.haproxy.oldWorkers, 1);
    assert.equal(state.agrees, true);
    for (const pid of [41, 42]) assert.equal(haproxy.serves(pid), "green:-:0:blue:-:-");
    assert.equal(await file("serve.map"), "serve green:-:0:blue:-:-\n");
    assert.equal(await file("releases.map"), "blue 1.0.0\nblue/1.0.0 1.0.0\ngreen 1.1.0\ngreen/1.1.0 1.1.0\n");
    assert.equal(JSON.parse(await file("state.json")).epoch, "e1");
    await assert.rejects(edge.commit({ color: "blue", epoch: "e2", expectedCommitted: "blue" }), (error) => {
      return error instanceof EdgeRefused && error.code === "committed-differs" && error.status === 409;
    });
  });

  it("never leaves a candidate in the file HAProxy starts with", async () => {
    const edge = await bothAnnounced();
    await edge.commit({ color: "blue", epoch: "e1" });
    const state = await edge.setCandidate({ color: "green", weight: 25, leaseMs: 60_000 });
    assert.equal(state.live?.weight, 25);
    assert.equal(haproxy.serves(41), "blue:green:25:green:-:-");
    assert.equal(await file("serve.map"), "serve blue:-:0:green:-:-\n");
    assert.equal((await edge.clearCandidate()).candidate, null);
    assert.equal(haproxy.serves(41), "blue:-:0:green:-:-");
  });

  it("does not report a commit as done before HAProxy has applied it", async () => {
    const edge = await bothAnnounced();
    haproxy.deaf = true;
    await assert.rejects(client(6_000).commit({ color: "blue", epoch: "e1" }), (error) => {
      return error instanceof EdgeNotLive && /saved, but not yet live/.test(error.message);
    });
    assert.equal((await edge.state()).agrees, false);
    assert.equal(JSON.parse(await file("state.json")).committed, "blue");
    haproxy.deaf = false;
    assert.equal((await edge.commit({ color: "blue", epoch: "e1" })).agrees, true);
  });

  it("restores its state, from the maps when state.json is lost or broken", async () => {
    await (await bothAnnounced()).commit({ color: "green", epoch: "e1" });
    await client().announce("blue", "1.0.0", "0.9.0");
    await stopAgent();
    await startAgent();
    assert.equal((await client().state()).epoch, "e1");
    await stopAgent();
    await writeFile(join(directory, "state.json"), '{"committed":');
    await startAgent();
    const state = await client().state();
    assert.equal(state.committed, "green");
    assert.deepEqual(state.releases, { blue: "1.0.0", green: "1.1.0" });
    assert.deepEqual(state.also, { blue: "0.9.0", green: null });
    assert.notEqual(state.epoch, "e1");
    assert.equal(await file("state.json.unreadable"), '{"committed":');
  });

  it("reads the state that an older agent left", async () => {
    await stopAgent();
    const old = {
      ...{ committed: "blue", candidate: null, weight: 0, lease: null, announced: "green", epoch: "e7" },
      releases: { blue: "1.0.0", green: "1.1.0" },
    };
    await writeFile(join(directory, "state.json"), JSON.stringify(old));
    await writeFile(join(directory, "serve.map"), "serve blue:-:0:green\n");
    await startAgent();
    const state = await client().state();
    assert.deepEqual([state.committed, state.epoch, state.skew, state.agrees], ["blue", "e7", null, true]);
    assert.equal(await file("serve.map"), "serve blue:-:0:green:-:-\n");
  });

  it("keeps users on the previous color until the deadline, also over a restart of the agent", async () => {
    const edge = await bothAnnounced();
    await edge.commit({ color: "blue", epoch: "e1" });
    const moved = await edge.commit({ color: "green", epoch: "e2", skewMs: 3_000 });
    assert.equal(moved.skew?.color, "blue");
    assert.equal(moved.live?.skew, "blue");
    assert.equal(await file("serve.map"), "serve green:-:0:blue:-:-\n");
    await stopAgent();
    await startAgent();
    const kept = await client().state();
    assert.ok(kept.skew && kept.skew.remainingMs < 3_000, "it continues and does not start again");
    await poll("the skew ends", 5, async () => (await client().state()).live?.skew === null || undefined);
    assert.equal(haproxy.serves(41), "green:-:0:blue:-:-");
    await client().commit({ color: "blue", epoch: "e3", skewMs: 60_000 });
    assert.equal((await client().endSkew()).live?.skew, null);
  });

  it("closes the previous color's remaining sessions, in every worker, and no others", async () => {
    haproxy.addWorker(42);
    const edge = await bothAnnounced();
    await edge.commit({ color: "blue", epoch: "e1" });
    const session = (id: number, fe: string, be: string, age: string) =>
      `0x${id}: proto=tcpv4 src=192.0.2.1:1 fe=${fe} be=${be} srv=s1 ts=00 epoch=0 age=${age} calls=2 rate=0`;
    haproxy.sessions.set(41, [
      session(1, "public", "be_blue_web", "2m5s"),
      session(2, "public", "be_green_web", "2m5s"),
    ]);
    haproxy.sessions.set(42, [
      session(3, "public", "be_blue_api", "1d2h"),
      session(4, "preview", "be_blue_api", "1d2h"),
      session(5, "public", "<NONE>", "1h"),
      session(6, "GLOBAL", "<NONE>", "0s"),
    ]);
    const waiting = await edge.commit({ color: "green", epoch: "e2", drainMs: 60_000 });
    assert.equal(waiting.drain?.left, 2);
    assert.deepEqual(haproxy.closed, []);
    await edge.commit({ color: "blue", epoch: "e3" });
    await edge.commit({ color: "green", epoch: "e4", drainMs: 0, drainSpreadMs: 0 });
    await poll("the drain is over", 5, async () => (await edge.state()).drain === null || undefined);
    assert.deepEqual(haproxy.closed.toSorted(), ["41 0x1", "42 0x3"]);
    // The answer may be a moment ahead of the disk.
    await poll("the drain is over on disk", 5, async () =>
      JSON.parse(await file("state.json")).drain === null ? true : undefined,
    );
  });

  it("keeps maintenance on disk for a starting HAProxy, and restores it from there when state.json is lost", async () => {
    const edge = await bothAnnounced();
    await edge.commit({ color: "blue", epoch: "e1" });
    const down = await edge.setMaintenance({ on: true, retryAfterSeconds: 90 });
    assert.deepEqual(
      [down.maintenance, down.live?.maintenance],
      [{ retryAfterSeconds: 90 }, { retryAfterSeconds: 90 }],
    );
    assert.equal(await file("serve.map"), "serve blue:-:0:green:-:90\n");
    await stopAgent();
    await rm(join(directory, "state.json"));
    await startAgent();
    assert.deepEqual((await client().state()).maintenance, { retryAfterSeconds: 90 });
    assert.equal((await client().setMaintenance({ on: false })).live?.maintenance, null);
  });

  it("keeps the old configuration when the new one fails, at the check or at the reload", async () => {
    const edge = client();
    const put = (text: string) => edge.putConfig({ text, hash: edgeConfigHash(text) });
    assert.equal((await put("second\n")).reloaded, true);
    valid = { ok: false, words: "line 3 is odd" };
    await assert.rejects(
      put("third\n"),
      (error) => error instanceof EdgeConfigInvalid && error.words === "line 3 is odd",
    );
    valid = { ok: true, words: "" };
    haproxy.reloadAnswer = "Success=0\n--\n[NOTICE]   (1) : loading\n[ALERT]    (1) : cannot bind\n";
    await assert.rejects(
      put("fourth\n"),
      (error) => error instanceof EdgeConfigInvalid && error.words === "cannot bind",
    );
    assert.equal(await file("haproxy.cfg"), "second\n");
    assert.deepEqual((await edge.state()).config, { hash: edgeConfigHash("second\n"), pending: false });
  });

  it("distinguishes an unreachable agent from one that refuses", async () => {
    const edge = client(400);
    await stopAgent();
    await assert.rejects(
      edge.state(),
      (error) => error instanceof EdgeUnreachable && /ECONNREFUSED/.test(error.message),
    );
    await startAgent();
  });
});
