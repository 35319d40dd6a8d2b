import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CleaningRig } from "../support/cleaning-rig.ts";
import { poll } from "../support/poll.ts";
import { putFollowups, readPhotos, readQueue } from "../support/queue.ts";
import { longReport, openSocket, slowPost } from "../support/slow-requests.ts";

const rig = new CleaningRig("cleaning");
let witness: string;

describe("the demo application", () => {
  before(async () => {
    await rig.create();
    witness = await rig.api("witness");
  });
  after(() => rig.remove());

  it("stops on SIGTERM without a loss: sockets are closed properly, answers and uploads are completed", async () => {
    const url = await rig.api("leaving");
    const sockets = await Promise.all(Array.from({ length: 8 }, () => openSocket(url)));
    await Promise.all(sockets.map((socket) => socket.send("hello")));
    const report = longReport(url, 6);
    const upload = slowPost(url, 2_000_000, 6);
    assert.deepEqual(await Promise.all([report.begun, upload.begun]), [true, true]);

    const asked = Date.now();
    await rig.kill("leaving", "TERM");
    const ends = await Promise.all(sockets.map((socket) => socket.ended));
    assert.deepEqual([...new Set(ends.map(({ code, clean }) => `${code} ${clean}`))], ["1012 true"]);
    const moments = ends.map(({ at }) => at - asked).toSorted((a, b) => a - b);
    const [first = 0, last = 0] = [moments.at(0), moments.at(-1)];
    // Within the drain of 3 s, and not all at once: eight random moments of 2.4 s.
    assert.ok(last < 3_500 && last - first > 200, `closed after ${moments.join(", ")} ms`);
    for (const socket of sockets) {
      const { session, end, ...rest } = socket.report();
      assert.ok(session && end);
      assert.deepEqual(
        { ...rest, ticks: 0 },
        {
          ...{ color: "blue", release: "leaving", sent: 1, echoed: 1, ticks: 0, unanswered: [], strange: [] },
        },
      );
    }

    assert.equal((await report.ended).why, undefined);
    assert.equal((await upload.ended).why, undefined);
    assert.equal(await rig.exited("leaving"), 0);
    assert.deepEqual(await readPhotos(witness, rig.adminPassword), { count: 1, repeated: 0 });
  });

  it("does every follow-up once, also when its worker is stopped or killed in the middle of one", async () => {
    const before = await readQueue(witness, rig.adminPassword);
    const held = () =>
      poll("a follow-up is being done", 20, async () => {
        const busy = "application_name = 'cleaning-jobs' AND state = 'idle in transaction'";
        return (await rig.sql(`SELECT count(*) FROM pg_stat_activity WHERE ${busy}`)) === "1" ? true : undefined;
      });
    const pending = async () => (await readQueue(witness, rig.adminPassword)).pending;
    await putFollowups(witness, 40);

    await rig.worker("stopped", 4);
    await held();
    const beforeTerm = await pending();
    await rig.kill("stopped", "TERM");
    assert.equal(await rig.exited("stopped"), 0);
    assert.equal(await pending(), beforeTerm - 1, "the current follow-up is finished, and no other is begun");

    await rig.worker("killed", 4);
    await held();
    const beforeKill = await pending();
    await rig.kill("killed", "KILL");
    assert.equal(await rig.exited("killed"), 137);
    assert.equal(await pending(), beforeKill, "the current follow-up waits for the next worker");

    await Promise.all([rig.worker("one", 0.05), rig.worker("other", 0.05)]);
    await poll("all follow-ups are done", 30, async () => ((await pending()) === 0 ? true : undefined));
    const { count, repeated } = await readQueue(witness, rig.adminPassword);
    assert.deepEqual([count - before.count, repeated], [40, 0]);
    assert.equal(await rig.sql("SELECT count(*) FROM lead_followups WHERE attempts <> 1"), "0");
  });

  it("counts a repeated upload, and stores none that is interrupted", async () => {
    const before = await readPhotos(witness, rig.adminPassword);
    const headers = { "x-client-id": `again-${process.pid}` };
    const send = async () => (await fetch(`${witness}/v1/photos`, { method: "POST", headers, body: "photo" })).status;
    assert.deepEqual([await send(), await send()], [201, 200]);
    const broken = await fetch(`${witness}/v1/photos`, { method: "POST", body: new Uint8Array(20 * 1024 * 1024 + 1) });
    assert.equal(broken.status, 413);
    const { count, repeated } = await readPhotos(witness, rig.adminPassword);
    assert.deepEqual([count - before.count, repeated - before.repeated], [1, 1]);
  });

  it("reports a replica's answers of the last minute; 1.2.0-broken fails every 50th request", async () => {
    const url = await rig.api("broken", "1.2.0-broken");
    await fetch(`${url}/readyz`);
    const body = JSON.stringify({ beds: 2, baths: 1 });
    const headers = { "content-type": "application/json" };
    const statuses: number[] = [];
    for (let asked = 0; asked < 100; asked++)
      statuses.push((await fetch(`${url}/v1/estimate`, { method: "POST", headers, body })).status);
    assert.deepEqual(
      statuses.flatMap((status, index) => (status === 500 ? [index + 1] : [])),
      [50, 100],
    );
    const metrics = (await (await fetch(`${url}/metrics`)).json()) as Record<string, number>;
    const { http_requests_duration_seconds: duration, database_connections: connections, ...rest } = metrics;
    assert.deepEqual(rest, { http_requests_total: 100, http_requests_failed: 2, error_rate_percent: 2 });
    assert.ok(duration !== undefined && duration > 0 && duration < 1, `${duration} s`);
    assert.equal(connections, 1);
  });
});
