import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Counts } from "../../core/edge/schema.ts";
import { type Answer, TestEdge } from "../support/agent/edge.ts";
import { docker, poll } from "../support/agent/rig.ts";
import { binomialBound, requestAs } from "../support/agent/users.ts";

let own: TestEdge;
const leaseMs = 60_000;
const canaryStep = (weight: number) => own.client.setCandidate({ color: "green", weight, leaseMs });
const colorOf = (answer: Answer) => answer.headers["x-turnout-color"];
const newcomers = (count: number) => Array.from({ length: count }, () => undefined);
/** The cookie header of a user in a bucket; `extra` is appended to it. */
const holding = (cookie: string) => own.ask("/", { headers: { cookie } });

describe("users of a canary", { timeout: 240_000 }, () => {
  before(async () => {
    own = await TestEdge.start("users");
    await own.serveBlue();
  });
  after(() => own?.rig.remove());

  for (const weight of [5, 25])
    it(`gives the candidate ${weight} % of 10,000 users`, async (t) => {
      await canaryStep(weight);
      const received = await requestAs(own.url(), newcomers(10_000));
      const got = received.filter(({ color }) => color === "green").length;
      const bound = binomialBound(10_000, weight / 100);
      t.diagnostic(`${got} of 10,000, bound ±${bound.toFixed(0)}`);
      assert.ok(Math.abs(got - weight * 100) <= bound, `${got} of 10,000`);
      for (const { color, cookie } of received) {
        const [, named, bucket] = cookie?.match(/^turnout=(blue|green)\.(\d+)$/) ?? [];
        assert.equal(named, color);
        assert.equal(color, Number(bucket) < weight ? "green" : "blue", cookie);
      }
    });

  it("keeps a user's color at a weight, and moves the user at most once while it grows", async () => {
    await canaryStep(5);
    const first = await requestAs(own.url(), newcomers(1_000));
    const again = await requestAs(
      own.url(),
      first.map(({ cookie }) => cookie),
    );
    assert.deepEqual(
      again,
      first.map((one) => ({ ...one, given: false })),
      "the same color and no other cookie",
    );
    await canaryStep(25);
    const grown = await requestAs(
      own.url(),
      again.map(({ cookie }) => cookie),
    );
    grown.forEach(({ color, given }, i) => {
      if (again[i]?.color === "green") assert.equal(color, "green", "who had the candidate keeps it");
      assert.equal(given, color !== again[i]?.color, "only who moves gets another cookie");
    });
    const got = grown.filter(({ color }) => color === "green").length;
    assert.ok(Math.abs(got - 250) <= binomialBound(1_000, 0.25), `${got} of 1,000 at 25 %`);
    await canaryStep(5);
    const shrunk = await requestAs(
      own.url(),
      grown.map(({ cookie }) => cookie),
    );
    assert.deepEqual(
      shrunk.map(({ color }) => color),
      first.map(({ color }) => color),
      "those between move back",
    );
  });

  it("sets the cookie's age and attributes, in addition to the application's own cookie", async () => {
    await canaryStep(25);
    const { headers } = await own.ask("/?set=a%3D1&set=turnout2%3D2");
    const [a, b, ours, ...more] = headers["set-cookie"] ?? [];
    assert.deepEqual([a, b, more], ["a=1", "turnout2=2", []]);
    assert.match(ours ?? "", /^turnout=(blue|green)\.\d{1,2}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/);
  });

  it("draws a new bucket for an invalid cookie", async () => {
    await canaryStep(100);
    for (const cookie of [
      "turnout=",
      "turnout=green",
      "turnout=red.5",
      "turnout=blue.100",
      "turnout=blue.07",
      "xturnout=blue.1",
    ]) {
      const { headers } = await holding(cookie);
      assert.match(headers["set-cookie"]?.[0] ?? "", /^turnout=green\.\d{1,2};/, cookie);
    }
    // The bucket decides, not the color in the cookie.
    await canaryStep(25);
    assert.equal(colorOf(await holding("turnout=blue.24")), "green");
    assert.equal(colorOf(await holding("turnout=green.25")), "blue");
  });

  it("removes its cookie from the request and leaves the others unchanged", async () => {
    const cases: [string, string[]][] = [
      ["turnout=blue.1", []],
      ["turnout=blue.1;", []],
      ["turnout=blue.1; b=2", ["b=2"]],
      ["a=1; turnout=blue.1; b=2", ["a=1; b=2"]],
      ["a=1; turnout=blue.1", ["a=1"]],
      ["a=1;turnout=blue.1;b=2", ["a=1;b=2"]],
      ['a="x y,z=;  b=%20 ; turnout=nonsense; c==d=', ['a="x y,z=;  b=%20 ; c==d=']],
      ["xturnout=1; turnout2=3; turn=out", ["xturnout=1; turnout2=3; turn=out"]],
      ["xturnout=blue.1; turnout=blue.1; turnout2=blue.1", ["xturnout=blue.1; turnout2=blue.1"]],
      ["a=turnout=blue.1; b=turnout", ["a=turnout=blue.1; b=turnout"]],
      ["TURNOUT=blue.1", ["TURNOUT=blue.1"]],
    ];
    const seen = async (cookie: string, port = own.ports.public) => {
      const answer = await fetch(own.url("/", port), { headers: { cookie } });
      return JSON.parse(answer.headers.get("x-cookies") ?? "") as string[];
    };
    for (const [cookie, others] of cases) assert.deepEqual(await seen(cookie), others, cookie);
    assert.deepEqual(await seen("a=1; turnout=blue.1", own.ports.preview), ["a=1"]);
    await own.client.clearCandidate();
    for (const [cookie, others] of cases) assert.deepEqual(await seen(cookie), others, cookie);
  });

  it("sets no cookie without a candidate, nor on the preview", async () => {
    await own.client.clearCandidate();
    assert.equal((await own.ask()).headers["set-cookie"], undefined);
    assert.equal(colorOf(await holding("turnout=green.0")), "blue");
    assert.equal((await holding("turnout=green.0")).headers["set-cookie"], undefined);
    await canaryStep(50);
    const preview = await fetch(own.url("/", own.ports.preview));
    assert.equal(preview.headers.get("set-cookie"), null);
    await own.client.clearCandidate();
  });

  it("keeps users with the cookie of the previous color on it, per service while it has replicas", async () => {
    const other = { cookie: "turnout=green.7" };
    const held = { cookie: "a=1; turnout=blue.7" };
    const at = (path: string, headers?: Record<string, string>) => own.served(path, headers ? { headers } : {});
    await own.commit("green", { skewMs: 60_000 });
    assert.equal(await at("/", held), "blue");
    assert.equal(await at("/v1", held), "blue");
    assert.equal(await at("/", other), "green");
    assert.equal(await at("/"), "green");
    assert.equal(await at("/", { cookie: "turnout=blue" }), "green", "not a cookie of ours");
    assert.equal((await own.ask("/", { headers: held })).headers["set-cookie"], undefined);

    await docker("stop", "--time", "0", `${own.rig.name}-blue-web`);
    await poll("blue's web is down", 10, async () => (await at("/", held)) === "green");
    assert.equal(await at("/v1", held), "blue", "its api is not");
    await docker("start", `${own.rig.name}-blue-web`);
    await poll("blue's web is back", 15, async () => (await at("/", held)) === "blue");

    const state = await own.client.endSkew();
    assert.deepEqual([state.skew, state.live?.skew], [null, null]);
    assert.equal(await at("/", held), "green");
  });

  it("keeps them until the deadline and no longer", async () => {
    const began = performance.now();
    await own.commit("blue", { skewMs: 3_000 });
    const held = { headers: { cookie: "turnout=green.7" } };
    const serving = (await (await fetch(own.url("/turnout/serving", own.ports.whoami))).json()) as { skew: unknown };
    assert.equal(serving.skew, "green");
    assert.equal(await own.served("/", held), "green");
    await poll("the skew ends", 6, async () => (await own.served("/", held)) === "blue");
    const took = performance.now() - began;
    assert.ok(took > 2_900 && took < 5_000, `it ended after ${took} ms`);
    assert.equal((await own.client.state()).skew, null);
  });

  it("answers every request with the maintenance page, except on the preview", async () => {
    const before = await own.client.counters();
    const state = await own.client.setMaintenance({ on: true, retryAfterSeconds: 90 });
    assert.deepEqual(state.live?.maintenance, { retryAfterSeconds: 90 });
    const page = await own.ask("/", { headers: { accept: "text/html,*/*;q=0.8", cookie: "turnout=green.1" } });
    const plain = await own.ask("/v1/leads", { headers: { accept: "application/json" } });
    const post = await fetch(own.url("/v1/leads"), { method: "POST", body: "x".repeat(100_000) });
    for (const status of [page.status, plain.status, post.status]) assert.equal(status, 503);
    for (const { headers } of [page, plain]) {
      assert.equal(headers["retry-after"], "90");
      assert.equal(headers["cache-control"], "no-store");
      assert.equal(headers["x-turnout-color"], undefined, "no color answers");
      assert.equal(headers["set-cookie"], undefined);
    }
    assert.match(page.headers["content-type"] ?? "", /^text\/html/);
    assert.match(page.body, /^<!doctype html>.*<h1>Back soon<\/h1>/);
    assert.match(plain.headers["content-type"] ?? "", /^text\/plain/);
    assert.equal(plain.body, "Down for maintenance, please try again later.");
    assert.equal((await fetch(own.url("/", own.ports.preview))).status, 200);
    const serving = (await (await fetch(own.url("/turnout/serving", own.ports.whoami))).json()) as object;
    assert.equal("maintenance" in serving && serving.maintenance, 90);
    assert.deepEqual((await own.client.counters()).public, before.public, "it counts for no color");

    assert.deepEqual((await own.commit("green")).maintenance, { retryAfterSeconds: 90 });
    await docker("kill", `${own.rig.name}-agent`, `${own.rig.name}-edge`);
    await docker("start", `${own.rig.name}-edge`);
    await poll("HAProxy starts with it", 10, async () => (await own.ask()).headers["retry-after"] === "90");
    await docker("start", `${own.rig.name}-agent`);
    await own.client.setMaintenance({ on: false });
    await own.serves("green");
  });

  it("counts by the color that answered, however it was chosen", async () => {
    await own.commit("blue");
    await own.allUp(4);
    const counted = async () => {
      const { blue, green } = (await own.client.counters()).public;
      return {
        blue: [blue.requests, blue.answers, buckets(blue)],
        green: [green.requests, green.answers, buckets(green)],
      };
    };
    const buckets = (counts: Counts) =>
      counts.upTo100 + counts.upTo300 + counts.upTo1000 + counts.upTo2000 + counts.over2000 + counts.unanswered;
    const grown = async (work: () => Promise<unknown>) => {
      const before = await counted();
      await work();
      const now = await counted();
      const less = (color: "blue" | "green") => now[color].map((count, i) => count - (before[color][i] ?? 0));
      return { blue: less("blue"), green: less("green") };
    };
    await canaryStep(30);
    const cookies = Array.from({ length: 100 }, (_, bucket) => `turnout=blue.${bucket}`);
    const byCookie = await grown(() => requestAs(own.url(), cookies));
    assert.deepEqual(byCookie, { blue: [70, 70, 70], green: [30, 30, 30] });
    await own.commit("green", { skewMs: 60_000 });
    const bySkew = await grown(() => requestAs(own.url(), [...cookies.slice(0, 40), ...newcomers(10)]));
    assert.deepEqual(bySkew, { blue: [40, 40, 40], green: [10, 10, 10] });
  });
});
