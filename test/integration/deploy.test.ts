import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { after, before, test } from "node:test";
import { execa } from "execa";
import { callAgent } from "../support/agent-call.ts";
import { startLoad } from "../support/load.ts";
import { nothingToDo, refused, through } from "../support/outcome.ts";
import { healthy, poll, servingColor } from "../support/poll.ts";
import { type TestStack, testStack } from "../support/stack.ts";

// One stack for all tests: each continues where the previous one ended, as on a team's stack.
let stack: TestStack;
let noop = 0;

before(async () => {
  stack = await testStack();
  stack.settings.timeouts = { start: 40, smoke: 20 };
  await stack.save();
});
after(() => stack?.remove());

test("the first deploy brings up a system that answers", async () => {
  through(await stack.up());
  assert.equal(await servingColor(stack.url), "blue");
  const page = await fetch(stack.url);
  assert.match(await page.text(), /CleanWithSnapshot/);
  const outputs = await stack.outputs();
  assert.equal(outputs.activeColor, "blue");
  assert.equal(outputs.url, stack.url.replace("127.0.0.1", "localhost"));
  assert.deepEqual(outputs.versions, { blue: "1.0.0" });
  assert.match(String(outputs.schemaRevision), /^[a-f0-9]{12}$/);
  assert.match(String(outputs.release), /^1\.0\.0-[a-f0-9]{8}$/);
  assert.ok(Date.parse(String(outputs.lastBackup)));
  assert.equal(await stack.docker("service", "ls", "--quiet", "--filter", `name=${stack.prefix}-green`), "");
});

test("a second update and the preview show no changes", async () => {
  nothingToDo(await stack.preview());
  const again = await stack.up();
  nothingToDo(again);
  noop = again.seconds;
});

test("invalid settings are refused with a message, and nothing changes", async () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ activeColor: "red" }, /activeColor is "red"; write blue or green/],
    [{ activeColor: "green" }, /activeColor is green, but versions\.green is not set.*config set/s],
    [{ versions: { blue: "9.9.9" } }, /versions\.blue needs the image turnout-example-cleaning-api:9\.9\.9/],
    [{ activecolour: "blue" }, /activecolour is not a setting/],
    [{ replicas: { apo: 2 } }, /replicas\.apo is not a service of cleaning.*api/s],
    [{ versions: { blue: 1.1 } }, /versions\.blue is the number 1\.1/],
    [
      { secrets: { ...stack.secrets, adminPassword: undefined } },
      /secrets\.adminPassword .*is missing.*config set --secret/s,
    ],
  ];
  const good = { ...stack.settings };
  for (const [change, sentence] of cases) {
    Object.assign(stack.settings, change);
    await stack.save();
    refused(await stack.preview(), sentence);
    for (const key of Object.keys(change)) delete stack.settings[key];
    Object.assign(stack.settings, good);
  }
  await stack.save();
  assert.equal(await servingColor(stack.url), "blue");
});

test("a port that is in use is refused before anything is changed", async (t) => {
  const ports = stack.settings.ports as { public: number; preview: number };
  const listener = createServer().listen(0, "0.0.0.0");
  t.after(() => listener.close());
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  stack.settings.ports = { ...ports, preview: port };
  await stack.save();
  refused(
    await stack.up(),
    new RegExp(
      `Port ${port} \\(ports\\.preview\\) is already in use on the server\\. Stop the process that listens on it`,
    ),
  );
  stack.settings.ports = ports;
  await stack.save();
  // Only the inputs that the two components show are those of the refused update; no real resource is.
  const preview = through(await stack.preview());
  const changed = [...preview.text.matchAll(/^ [~+-]{1,2} +(\S+) (\S+) /gm)].map(([, type, name]) => `${type} ${name}`);
  assert.deepEqual(changed.toSorted(), ["turnout:index:LoadBalancer edge", "turnout:index:OpsJob edge-preflight"]);
  through(await stack.up());
  nothingToDo(await stack.preview());
  assert.equal(await servingColor(stack.url), "blue");
});

test("a new version of the active color is refused, with the command that deploys it", async () => {
  stack.settings.versions = { blue: "1.1.0" };
  await stack.save();
  refused(await stack.up(), /versions\.blue is 1\.1\.0, but blue is active with 1\.0\.0\..*npm run deploy -- 1\.1\.0/s);
  stack.settings.versions = { blue: "1.0.0" };
  await stack.save();
});

test("a refused command leaves the configuration unchanged", async () => {
  const file = stack.env.TURNOUT_CONFIG_FILE ?? "";
  const before = await readFile(file, "utf8");
  const cases: [argv: string[], code: number, sentence: RegExp][] = [
    [["deploy", "1.1 0"], 2, /versions\.green is "1\.1 0"; write/],
    [["deploy", "9.9.9"], 3, /versions\.green needs the image turnout-example-cleaning-api:9\.9\.9/],
    [["deploy"], 2, /deploy needs a version/],
    [["deploy", "1.1.0", "now"], 2, /Unknown argument "now"/],
    [["deploy", "1.1.0", "--stak=prod"], 2, /Unknown argument "--stak=prod"/],
    [["rollback"], 3, /green has no version, so there is nothing to roll back to/],
  ];
  for (const [argv, code, sentence] of cases) {
    const outcome = await stack.cli(...argv);
    refused(outcome, sentence);
    assert.equal(outcome.code, code, outcome.text);
    assert.equal(await readFile(file, "utf8"), before, argv.join(" "));
  }
});

test("a second deploy at the same time is refused and changes nothing", async () => {
  const file = stack.env.TURNOUT_CONFIG_FILE ?? "";
  const [one, two] = await Promise.all([stack.cli("deploy", "9.9.9"), stack.cli("deploy", "9.9.8")]);
  assert.deepEqual([one.code, two.code].toSorted(), [3, 4]);
  assert.match(one.code === 4 ? one.text : two.text, /Another deploy or rollback of the stack .* is in progress/);
  assert.doesNotMatch(await readFile(file, "utf8"), /9\.9\.[89]/);
});

test("a deploy under load loses no request and no write", async (t) => {
  const revision = (await stack.outputs()).schemaRevision;
  const load = startLoad(stack.url);
  t.after(() => load.stop());
  await load.more(200);
  const deployed = through(await stack.cli("deploy", "1.1.0"));
  await load.more(200);
  const report = await load.stop();
  assert.deepEqual(report.lost, []);
  assert.equal(report.sent, report.answered);
  assert.ok((report.byColor.blue ?? 0) > 0 && (report.byColor.green ?? 0) > 0, JSON.stringify(report.byColor));
  assert.match(deployed.text, /migration: [a-f0-9]{12} → [a-f0-9]{12}/);
  const outputs = await stack.outputs();
  assert.equal(outputs.activeColor, "green");
  assert.notEqual(outputs.schemaRevision, revision);
  assert.equal(await leads(), report.leads);
});

test("status reports the state as text and as JSON", async () => {
  const status = await healthy(stack);
  assert.equal(status.code, 0);
  assert.equal(status.desired, "green");
  assert.equal(status.live, "green");
  assert.equal(status.candidate, null);
  assert.equal(status.weight, 0);
  assert.deepEqual(status.versions, { blue: "1.0.0", green: "1.1.0" });
  assert.equal(status.schemaRevision, (await stack.outputs()).schemaRevision);
  const text = through(await stack.cli("ops", "status"));
  assert.match(text.stdout, /green 1\.1\.0 is active · healthy/);
  const log = through(await stack.cli("ops", "log"));
  assert.match(log.stdout, /shift +done +green 1\.1\.0/);
});

test("the database's log has no errors from its health check", async () => {
  const [id = ""] = await stack.containers("db");
  const { stdout, stderr } = await execa("docker", ["logs", id]);
  assert.match(stdout + stderr, /ready to accept connections/);
  assert.doesNotMatch(stdout + stderr, /pg_hba\.conf rejects|no password supplied|authentication failed/);
});

test("only the active color's workers run", async () => {
  await poll("green's worker alone", 60, async () => {
    const [blue, green] = [await stack.containers("blue-jobs"), await stack.containers("green-jobs")];
    return blue.length === 0 && green.length === 1 ? true : undefined;
  });
});

test("after a deploy the preview shows no changes, and deploying again has nothing to do", async () => {
  nothingToDo(await stack.preview());
  const again = through(await stack.cli("deploy", "1.1.0"));
  assert.match(again.text, /1\.1\.0 is already active on green\. Nothing to do\./);
});

test("the preview entrance reaches the idle color only", async () => {
  assert.equal(await servingColor(stack.previewUrl), "blue");
  assert.equal(await servingColor(stack.url), "green");
});

test("a rollback under load replaces only the shift and loses nothing", async (t) => {
  const load = startLoad(stack.url);
  t.after(() => load.stop());
  await load.more(200);
  const back = through(await stack.cli("rollback"));
  await load.more(200);
  const report = await load.stop();
  assert.deepEqual(report.lost, []);
  assert.equal(report.sent, report.answered);
  assert.ok((report.byColor.blue ?? 0) > 0 && (report.byColor.green ?? 0) > 0, JSON.stringify(report.byColor));
  assert.match(back.text, /Resources:\n +~ 1 updated\n +\+-1 replaced\n +2 changes\. \d+ unchanged/, back.text);
  const replaced = [...back.text.matchAll(/^ \+- (\S+) (\S+) replaced/gm)].map((match) => match[2]);
  assert.deepEqual([...new Set(replaced)], ["shift-job"]);
  const updated = [...back.text.matchAll(/^ ~ {2}(\S+) (\S+) updating/gm)].map((match) => match[2]);
  assert.deepEqual([...new Set(updated)], ["shift"], "the component that shows its input");
  assert.equal(await servingColor(stack.url), "blue");
  assert.ok(noop > 0);
});

test("drift is reported, and the next update corrects it", async () => {
  const changed = await callAgent(stack, "POST", "/v1/commit", { color: "green", epoch: "by-hand-1" });
  assert.equal(changed.status, 200);
  const preview = through(await stack.preview());
  assert.match(preview.text, /Drift: the last update left blue active, but the edge routes to green/);
  const status = await stack.status();
  assert.equal(status.healthy, false);
  assert.notEqual(status.code, 0);
  through(await stack.up());
  assert.equal(await servingColor(stack.url), "blue");
  nothingToDo(await stack.preview());
});

test("a killed edge, a killed agent and both restart with the same color", async () => {
  for (const victims of [["edge"], ["agent"], ["edge", "agent"]]) {
    const ids = (await Promise.all(victims.map((victim) => stack.containers(victim)))).flat();
    assert.equal(ids.length, victims.length);
    await stack.docker("kill", "--signal", "KILL", ...ids);
    await poll(`${victims.join(" and ")} again`, 60, async () => {
      const now = (await Promise.all(victims.map((victim) => stack.containers(victim)))).flat();
      return now.length === victims.length && now.every((id) => !ids.includes(id)) ? true : undefined;
    });
    assert.equal(await poll("an answer", 60, () => servingColor(stack.url)), "blue");
  }
  await healthy(stack);
  nothingToDo(await stack.up());
});

test("no secret is in argv, environments, logs, the journal or the state", async () => {
  const ids = (await stack.docker("ps", "--all", "--quiet", "--filter", `label=turnout.stack=${stack.prefix}`)).split(
    "\n",
  );
  const services = (
    await stack.docker("service", "ls", "--quiet", "--filter", `label=turnout.stack=${stack.prefix}`)
  ).split("\n");
  const places: Record<string, string> = {
    containers: await stack.docker("inspect", ...ids.filter(Boolean)),
    services: await stack.docker("service", "inspect", ...services.filter(Boolean)),
    state: await readFile(stack.stateFile(), "utf8"),
    journal: (await stack.cli("ops", "log", "--json")).text,
    update: (await stack.up()).text,
  };
  for (const service of services.filter(Boolean))
    places[`logs of ${service}`] = await stack.docker("service", "logs", "--raw", service);
  for (const id of ids.filter(Boolean))
    places[`processes of ${id}`] = await stack.docker("top", id, "axo", "args").catch(() => "");
  for (const [place, text] of Object.entries(places))
    for (const [key, value] of Object.entries(stack.secrets)) {
      assert.ok(!text.includes(value), `${key} is in ${place}`);
      assert.ok(!text.includes(Buffer.from(value).toString("base64")), `${key} is in ${place}, encoded`);
    }
});

test("destroy leaves nothing behind", async () => {
  through(await stack.pulumi("destroy", "--yes", "--skip-preview"));
  const filter = ["--filter", `label=turnout.stack=${stack.prefix}`];
  for (const kind of ["service", "secret", "network", "volume"])
    assert.equal(await stack.docker(kind, "ls", "--quiet", ...filter), "", kind);
});

/** The number of leads in the database, as counted by the application. */
async function leads(): Promise<number> {
  const authorization = `Basic ${Buffer.from(`admin:${stack.secrets.adminPassword}`).toString("base64")}`;
  const answer = await fetch(`${stack.url}/v1/admin/leads/count`, { headers: { authorization } });
  return ((await answer.json()) as { count: number }).count;
}
