import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Color } from "../../core/color.ts";
import { handover } from "../../jobs/commands/handover.ts";
import type { JobContext } from "../../jobs/context.ts";
import { DockerEngine } from "../../jobs/swarm/docker.ts";
import { realTime } from "../../jobs/until.ts";
import { CleaningRig } from "../support/cleaning-rig.ts";
import { poll } from "../support/poll.ts";
import { putFollowups, readQueue } from "../support/queue.ts";

const rig = new CleaningRig("handover", "overlay");
const context = { ...realTime, docker: new DockerEngine("/var/run/docker.sock") } as unknown as JobContext;
const workers = { blue: [{ service: "jobs", replicas: 1 }], green: [{ service: "jobs", replicas: 2 }] };
let witness: string;

before(async () => {
  await rig.create();
  witness = await rig.api("witness");
  for (const color of ["blue", "green"]) await rig.workerService(color, 2);
});
after(() => rig.remove());

/** Moves the work to a color while a worker is in the middle of a follow-up. */
async function handOverTo(color: Color): Promise<void> {
  await poll("a follow-up is being done", 30, async () => ((await atWork()).length > 0 ? true : undefined));
  const before = await readQueue(witness, rig.adminPassword);
  await handover({ prefix: rig.name, color, release: "1.0.0", workers, workerGrace: 60, timeout: 60 }, context);
  const { pending } = await readQueue(witness, rig.adminPassword);
  assert.ok(pending > 0 && pending < before.pending, `${before.pending}, then ${pending} follow-ups wait`);
}

/** The addresses of the workers that are processing a follow-up. */
async function atWork(): Promise<string[]> {
  const busy = "application_name = 'cleaning-jobs' AND state = 'idle in transaction'";
  return (await rig.sql(`SELECT client_addr FROM pg_stat_activity WHERE ${busy}`)).split("\n").filter(Boolean);
}

test("every follow-up is done once over two handovers, and both colors never work at the same time", async () => {
  await putFollowups(witness, 14);
  await context.docker.scale(`${rig.name}-blue-jobs`, 1);
  await handOverTo("green");
  await handOverTo("blue");
  await handOverTo("green");
  await poll("all follow-ups are done", 60, async () =>
    (await readQueue(witness, rig.adminPassword)).pending === 0 ? true : undefined,
  );
  assert.deepEqual(await readQueue(witness, rig.adminPassword), { count: 14, pending: 0, repeated: 0 });
  assert.equal(await rig.sql("SELECT count(*) FROM lead_followups WHERE attempts <> 1"), "0");
  const whose = `SELECT color FROM lead_followups JOIN job_heartbeats ON worker = processed_by ORDER BY processed_at`;
  const colors = (await rig.sql(whose)).split("\n");
  assert.equal(colors.length, 14);
  const turns = colors.filter((color, at) => color !== colors[at - 1]);
  assert.deepEqual(turns, ["blue", "green", "blue", "green"], colors.join(" "));
});
