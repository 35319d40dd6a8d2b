import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { execa } from "execa";
import { names } from "../../core/names.ts";
import { imageReference } from "../../images/own-images.ts";
import { dockerEngine } from "../../setup/docker.ts";
import { edgeView, readyReplicas } from "../support/colors.ts";
import { deployed, faultStack, startShift } from "../support/fault-stack.ts";
import { tailJournal } from "../support/journal-tail.ts";
import { startLoad } from "../support/load.ts";
import { poll, servingColor } from "../support/poll.ts";

// Runs when no other test has containers, because all containers stop with the daemon. Only where the set-up started
// the daemon itself, since only then it knows how to start it again, and where no other containers run.

test("the daemon is restarted in a canary: blue is served again without intervention, and repeating the job commits", async (t) => {
  const pid = await ownDaemon();
  if (pid === undefined) return t.skip("the set-up did not start this daemon");
  const faults = await faultStack();
  const { stack } = faults;
  t.after(() => faults.remove());
  const green = await deployed(faults, "green");
  const others = async () => (await running()).filter((one) => !one.startsWith(`${stack.prefix} `));
  // At most one file of this run is still running; another run may have started.
  await poll("the end of the other tests", 600, async () => ((await others()).some(isTest) ? undefined : true)).catch(
    (error) => t.diagnostic(error.message),
  );
  const left = await others();
  if (left.length > 0) return t.skip(`a restart would stop other containers:  ${left.join(", ")}`);
  const load = startLoad(stack.url, { users: 2 });
  t.after(() => load.stop());
  await load.more(50);
  const shift = await startShift(faults, green);
  await shift.recorded("step");

  const stopped = Date.now();
  process.kill(pid, "SIGTERM");
  await poll("the daemon's end", 120, async () => (existsSync(`/proc/${pid}`) ? undefined : true));
  await dockerEngine.run?.((line) => t.diagnostic(line));
  const first = await shift.ended;
  assert.notEqual(first.code, 0, first.text);
  assert.equal(await poll("an answer", 180, () => servingColor(stack.url)), "blue");
  const back = Date.now();
  t.diagnostic(`users got no answer for about ${((back - stopped) / 1000).toFixed(0)} s`);
  await poll("blue alone", 60, async () => {
    const { committed, candidate, weight, live } = await edgeView(stack);
    assert.equal(committed, "blue");
    return candidate === null && weight === 0 && live?.candidate === null ? true : undefined;
  });
  await poll("both colors", 180, async () => {
    const up = [await readyReplicas(stack, "blue"), await readyReplicas(stack, "green")];
    return up.every(({ api, web }) => api === 1 && web === 1) ? true : undefined;
  });

  const ops = await imageReference(`${import.meta.dirname}/../..`, "ops");
  const journal = await tailJournal(ops, stack.prefix, names(stack.prefix).journalVolume);
  t.after(() => journal.stop());
  await load.more(50);
  // The Swarm may still move a task or two, the agent's among them; then the job is repeated once more.
  for (let tries = 1; ; tries++) {
    const again = await startShift(faults, green, shift.input, { follow: journal });
    const end = await again.ended;
    if (end.code !== 0 && tries < 3) {
      assert.match(end.sentence, /\. Blue is still active\. The release is not marked as bad/);
      t.diagnostic(end.sentence);
      continue;
    }
    assert.equal(end.code, 0, end.text);
    assert.ok(again.events().includes("ended committed"), again.events().join());
    break;
  }
  assert.equal(await servingColor(stack.url), "green");
  const report = await load.stop();
  for (const { at, path, why } of report.lost) {
    const time = Date.parse(at);
    assert.ok(time >= stopped && time <= back + 5_000, `${path} at ${at}: ${why}`);
  }
  t.diagnostic(`${report.lost.length} of ${report.sent} requests lost, all while the daemon was down`);
});

/** The containers that run on this machine: stack, if it is of one, and name. */
async function running(): Promise<string[]> {
  const { stdout } = await execa("docker", ["ps", "--format", '{{.Label "turnout.stack"}} {{.Names}}']);
  return stdout.split("\n").filter(Boolean);
}

function isTest(container: string): boolean {
  return /^turnout-(it|test)-/.test(container);
}

/** The pid of a daemon that runs as the set-up starts it; undefined when it does not, or must be left alone. */
async function ownDaemon(): Promise<number | undefined> {
  if (process.getuid?.() !== 0 || process.env.DOCKER_HOST || existsSync("/run/systemd/system")) return undefined;
  const pid = (await readFile("/var/run/docker.pid", "utf8").catch(() => "")).trim();
  const argv = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return /^([^\0]*\/)?dockerd\0$/.test(argv) ? Number(pid) : undefined;
}
