import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { WatchInput } from "../../core/jobs/inputs.ts";
import type { Verdict } from "../../core/verdict/verdict.ts";
import { createWatch, type Watch } from "../../jobs/shift/watch.ts";
import { ShiftWorld } from "../support/shift-world.ts";

/** A watch of green, the candidate with half of the requests. */
function watchOf(world: ShiftWorld, input: Partial<WatchInput> = {}): Watch {
  world.change({ kind: "candidate", color: "green", weight: 50, leaseMs: 600_000 });
  return createWatch(world.input(input), world.context());
}

/** Assesses every two seconds for a while. @returns of the verdicts of one kind in a row, the last one each */
async function assessFor(watch: Watch, world: ShiftWorld, seconds: number): Promise<Verdict[]> {
  const found: Verdict[] = [];
  for (let left = seconds; left > 0; left -= 2) {
    const { verdict } = await watch.assess();
    if (verdict.kind === found.at(-1)?.kind) found.pop();
    found.push(verdict);
    await world.pass(2_000);
  }
  return found;
}

const two = [{ service: "api", replicas: 2 }];

test("a replica that stays unready counts after three seconds, the last one at once", async () => {
  const world = new ShiftWorld();
  const watch = watchOf(world, { web: two });
  world.ready = { blue: 2, green: 2 };
  await assessFor(watch, world, 10);
  world.ready.green = 1;
  const [first, then] = await assessFor(watch, world, 6);
  assert.equal(first?.kind, "good");
  assert.deepEqual(then?.reasons, ["green api: 1 of 2 ready"]);
  world.ready.green = 2;
  assert.deepEqual((await watch.assess()).verdict.reasons, []);
  world.ready.green = 0;
  assert.deepEqual((await watch.assess()).verdict.reasons, ["green api: 0 of 2 ready"]);
});

test("replicas that the settings no longer ask for are not missing", async () => {
  const both = (replicas: number) =>
    new Map(["blue", "green"].map((color) => [`shop-prod-${color}-api`, replicas] as const));
  const table: [
    name: string,
    wanted: ShiftWorld["wanted"],
    ready: ShiftWorld["ready"],
    reasons: string[],
    warnings: string[],
  ][] = [
    ["lowered for both colors", both(1), { blue: 1, green: 1 }, [], []],
    ["lowered, and none is left", both(1), { blue: 1, green: 0 }, ["green api: 0 of 1 ready"], []],
    ["not lowered", both(2), { blue: 2, green: 1 }, ["green api: 1 of 2 ready"], []],
    ["raised", both(3), { blue: 2, green: 2 }, [], []],
    ["Docker does not answer", new Error("away"), { blue: 2, green: 1 }, ["green api: 1 of 2 ready"], []],
    ["Docker knows no such service", new Map(), { blue: 2, green: 1 }, ["green api: 1 of 2 ready"], []],
    ["the last one of the release removed", both(0), { blue: 0, green: 0 }, ["green api: 0 of 1 ready"], []],
    ["the other color has lost one", both(2), { blue: 1, green: 2 }, [], ["the other color: blue api: 1 of 2 ready"]],
  ];
  for (const [name, wanted, ready, reasons, warnings] of table) {
    const world = new ShiftWorld();
    const watch = watchOf(world, { web: two });
    Object.assign(world, { wanted, ready });
    const verdict = (await assessFor(watch, world, 8)).at(-1);
    assert.deepEqual([verdict?.reasons, verdict?.warnings], [reasons, warnings], name);
  }
});

/** The public entrance, and the requests it received. */
interface Entrance {
  edge: WatchInput["edge"];
  asked: IncomingMessage[];
  /** What the metrics path returns. */
  says: string;
}

async function entranceOf(t: TestContext): Promise<Entrance> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.end(entrance.says);
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const entrance = { edge: { agentUrl: "", token: "", publicUrl, previewUrl: "", insideUrl: "" }, asked, says: "{}" };
  return entrance;
}

const metrics = { path: "/metrics", errorRate: "error_rate_percent", seconds: "duration_seconds" };

test("a release's own metrics are requested from its own color, and judged", async (t) => {
  const entrance = await entranceOf(t);
  const world = new ShiftWorld();
  const watch = watchOf(world, { edge: entrance.edge, metrics: { ...metrics, host: "shop.example" } });
  const table: [says: string, reasons: string[]][] = [
    ['{"error_rate_percent":0.2,"duration_seconds":0.1}', []],
    ['{"error_rate_percent":7,"duration_seconds":0.1}', ["its own metrics: 7.0 % errors, threshold 1 %"]],
    ['{"duration_seconds":2.5}', ["its own metrics: 2500 ms a request, threshold 2000 ms"]],
    ['{"error_rate_percent":"7"}', []],
    ["null", []],
    ["no service has this address", []],
  ];
  await watch.assess();
  for (const [says, reasons] of table) {
    await world.pass(2_000);
    entrance.says = says;
    assert.deepEqual((await watch.assess()).verdict.reasons, reasons, says);
  }
  const asked = entrance.asked.at(-1);
  assert.deepEqual(
    [asked?.url, asked?.headers.cookie, asked?.headers.host],
    ["/metrics", "turnout=green.0", "shop.example"],
  );
});

test("a release without a metrics path, or whose path gives no answer, is judged without", async () => {
  const world = new ShiftWorld();
  const edge = { agentUrl: "", token: "", publicUrl: "http://127.0.0.1:1", previewUrl: "", insideUrl: "" };
  for (const input of [{}, { edge, metrics }])
    assert.equal((await assessFor(watchOf(world, input), world, 4)).at(-1)?.kind, "good");
});

test("an outage of both colors that is over does not count against the release by its own metrics", async (t) => {
  const outages: Record<string, (world: ShiftWorld) => () => void> = {
    "an unreachable database": (world) => {
      const { monitor } = world;
      world.monitor = { connections: null, error: "no answer" };
      return () => (world.monitor = monitor);
    },
    "errors of both colors": (world) => {
      world.failing = { blue: 0.5, green: 0.5 };
      return () => (world.failing = { blue: 0, green: 0 });
    },
  };
  for (const [name, begin] of Object.entries(outages))
    for (const window of [10, 100]) {
      const entrance = await entranceOf(t);
      const world = new ShiftWorld();
      const thresholds = { ...world.input().thresholds, window };
      const watch = watchOf(world, { edge: entrance.edge, metrics, thresholds });
      await assessFor(watch, world, 4);
      const end = begin(world);
      entrance.says = '{"error_rate_percent":30}';
      assert.equal((await assessFor(watch, world, 6)).at(-1)?.kind, "shared", name);
      end();
      // A new step forgets the figures, not what was seen.
      watch.restart();
      const after = await assessFor(watch, world, Math.max(window, 60) - 2);
      assert.deepEqual([...new Set(after.map(({ kind }) => kind))].at(-1), "good", name);
      assert.ok(!after.some(({ kind }) => kind === "breach"), `${name}, ${window} s`);
      const later = await assessFor(watch, world, 4);
      assert.deepEqual(
        later.at(-1)?.reasons,
        ["its own metrics: 30.0 % errors, threshold 1 %"],
        `${name}, ${window} s`,
      );
    }
});

test("probes are sent to the watched color while its answers are too few to judge by", async (t) => {
  const entrance = await entranceOf(t);
  const world = new ShiftWorld();
  world.requests = 10;
  const probe = (path: string, host?: string) => ({
    ...{ name: path, method: "GET" as const, path, expect: { status: 200 }, ...(host ? { host } : {}) },
  });
  const watch = watchOf(world, { edge: entrance.edge, probes: [probe("/a"), probe("/b", "shop.example")] });
  await watch.assess();
  assert.equal(entrance.asked.length, 50);
  assert.ok(entrance.asked.every(({ headers }) => headers.cookie === "turnout=green.0"));
  const paths = entrance.asked.map(({ url, headers }) => (url === "/b" ? `/b ${headers.host}` : url));
  assert.deepEqual([...new Set(paths)].toSorted(), ["/a", "/b shop.example"]);

  await world.pass(8_000);
  entrance.asked.length = 0;
  await watch.assess();
  assert.equal(entrance.asked.length, 10, "40 of 50 were seen");

  await world.pass(2_000);
  world.ready.green = 0;
  entrance.asked.length = 0;
  assert.equal((await watch.assess()).verdict.kind, "breach");
  assert.deepEqual(entrance.asked, []);
});
