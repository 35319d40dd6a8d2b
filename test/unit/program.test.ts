import assert from "node:assert/strict";
import { test } from "node:test";
import { before, mockResource, only, type Registered, registerProgram, settled, types } from "../support/mocks.ts";

const { value: program, resources } = await registerProgram();

/** `type name` → inputs, for comparing two runs. */
type Inputs = Map<string, Record<string, unknown>>;
const inputsOf = (all: Registered[]): Inputs => new Map(all.map((one) => [`${one.type} ${one.name}`, one.inputs]));

/** What differs in its inputs, and what only one of the two runs has: real resources, or the components around them. */
function changes(from: Registered[], to: Registered[], custom = true): string[] {
  const [old, now] = [from, to].map((all) => inputsOf(all.filter((one) => one.custom === custom))) as [Inputs, Inputs];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((key) => JSON.stringify(old.get(key)) !== JSON.stringify(now.get(key)))
    .sort();
}

test("a mock that is not known fails", () => {
  assert.throws(() => mockResource({ type: "docker:index/container:Container", name: "x", inputs: {} }), /no mock for/);
  assert.throws(() => mockResource({ type: types.command, name: "strange", inputs: {} }), /no mock for the job/);
});

test("no resource is renamed or moved: a rename replaces it, so it needs an alias", () => {
  const found = resources.map((one) => `${one.parent ?? "stack"} > ${one.type} ${one.name}`).sort();
  const secretEnding = /-[0-9a-f]{8}$/;
  assert.deepEqual(
    found.map((one) => one.replace(secretEnding, "-#")),
    [
      "stack > turnout:index:Database database",
      "stack > turnout:index:LoadBalancer edge",
      "stack > turnout:index:Network network",
      "stack > turnout:index:Release release",
      "turnout:index:ColorStack color-blue > docker:index/service:Service color-blue-api",
      "turnout:index:ColorStack color-blue > docker:index/service:Service color-blue-jobs",
      "turnout:index:ColorStack color-blue > docker:index/service:Service color-blue-web",
      "turnout:index:ColorStack color-green > docker:index/service:Service color-green-api",
      "turnout:index:ColorStack color-green > docker:index/service:Service color-green-jobs",
      "turnout:index:ColorStack color-green > docker:index/service:Service color-green-web",
      "turnout:index:Database database > docker:index/secret:Secret database-password-#",
      "turnout:index:Database database > docker:index/secret:Secret database-url-#",
      "turnout:index:Database database > docker:index/service:Service database-server",
      "turnout:index:Database database > docker:index/volume:Volume database-data",
      "turnout:index:LoadBalancer edge > docker:index/secret:Secret edge-token-#",
      "turnout:index:LoadBalancer edge > docker:index/service:Service edge-agent",
      "turnout:index:LoadBalancer edge > docker:index/service:Service edge-haproxy",
      "turnout:index:LoadBalancer edge > docker:index/volume:Volume edge-volume",
      "turnout:index:LoadBalancer edge > turnout:index:OpsJob edge-preflight",
      "turnout:index:Network network > docker:index/network:Network network-admin",
      "turnout:index:Network network > docker:index/network:Network network-blue",
      "turnout:index:Network network > docker:index/network:Network network-green",
      "turnout:index:OpsJob backup-blue > command:local:Command backup-blue-job",
      "turnout:index:OpsJob backup-green > command:local:Command backup-green-job",
      "turnout:index:OpsJob edge-config > command:local:Command edge-config-job",
      "turnout:index:Migration migration-blue > command:local:Command migration-blue-job",
      "turnout:index:Migration migration-green > command:local:Command migration-green-job",
      "turnout:index:OpsJob edge-preflight > command:local:Command edge-preflight-job",
      "turnout:index:OpsJob shift > command:local:Command shift-job",
      "turnout:index:OpsJob smoke-blue > command:local:Command smoke-blue-job",
      "turnout:index:OpsJob smoke-green > command:local:Command smoke-green-job",
      "turnout:index:OpsJob sweeps-all > command:local:Command sweeps-all-job",
      "turnout:index:OpsJob sweeps-soak > command:local:Command sweeps-soak-job",
      "turnout:index:OpsJob workers-blue > command:local:Command workers-blue-job",
      "turnout:index:OpsJob workers-green > command:local:Command workers-green-job",
      "turnout:index:Release release > docker:index/secret:Secret release-admin-password-#",
      "turnout:index:Release release > docker:index/volume:Volume release-backups",
      "turnout:index:Release release > docker:index/volume:Volume release-journal",
      "turnout:index:Release release > turnout:index:ColorStack color-blue",
      "turnout:index:Release release > turnout:index:ColorStack color-green",
      "turnout:index:Release release > turnout:index:OpsJob backup-blue",
      "turnout:index:Release release > turnout:index:OpsJob backup-green",
      "turnout:index:Release release > turnout:index:OpsJob edge-config",
      "turnout:index:Release release > turnout:index:Migration migration-blue",
      "turnout:index:Release release > turnout:index:Migration migration-green",
      "turnout:index:Release release > turnout:index:OpsJob shift",
      "turnout:index:Release release > turnout:index:OpsJob smoke-blue",
      "turnout:index:Release release > turnout:index:OpsJob smoke-green",
      "turnout:index:Release release > turnout:index:OpsJob workers-blue",
      "turnout:index:Release release > turnout:index:OpsJob workers-green",
      "turnout:index:Release release > turnout:index:ReleaseImages images-blue",
      "turnout:index:Release release > turnout:index:ReleaseImages images-green",
      "turnout:index:Release release > turnout:index:Sweeps sweeps",
      "turnout:index:ReleaseImages images-blue > docker:index/remoteImage:RemoteImage images-blue-api",
      "turnout:index:ReleaseImages images-blue > docker:index/remoteImage:RemoteImage images-blue-jobs",
      "turnout:index:ReleaseImages images-blue > docker:index/remoteImage:RemoteImage images-blue-web",
      "turnout:index:ReleaseImages images-green > docker:index/remoteImage:RemoteImage images-green-api",
      "turnout:index:ReleaseImages images-green > docker:index/remoteImage:RemoteImage images-green-jobs",
      "turnout:index:ReleaseImages images-green > docker:index/remoteImage:RemoteImage images-green-web",
      "turnout:index:Sweeps sweeps > turnout:index:OpsJob sweeps-all",
      "turnout:index:Sweeps sweeps > turnout:index:OpsJob sweeps-soak",
    ].sort(),
  );
});

test("each step waits for the one before it: the color to become active, the shift, then the idle color", () => {
  const command = (name: string) => `${types.command} ${name}-job`;
  const service = (name: string) => `${types.service} ${name}`;
  const [api, web, jobs] = ["api", "web", "jobs"].map((one) => service(`color-blue-${one}`)) as [
    string,
    string,
    string,
  ];
  const chain: [string, string[]][] = [
    [service("edge-haproxy"), [command("edge-preflight")]],
    [service("edge-agent"), [command("edge-preflight")]],
    [command("edge-config"), [service("edge-agent"), service("edge-haproxy"), `${types.volume} release-journal`]],
    [command("backup-blue"), [command("edge-config"), service("database-server"), `${types.volume} release-backups`]],
    [command("migration-blue"), [command("backup-blue")]],
    ...[api, web, jobs].map((one): [string, string[]] => [one, [command("migration-blue")]]),
    [command("workers-blue"), [api, web, jobs]],
    [command("smoke-blue"), [command("workers-blue"), api, web, jobs]],
    [command("shift"), [command("smoke-blue")]],
    [command("backup-green"), [command("shift"), command("edge-config"), service("database-server")]],
    [command("migration-green"), [command("backup-green")]],
    [service("color-green-api"), [command("migration-green")]],
    [command("smoke-green"), [command("workers-green"), service("color-green-api")]],
  ];
  for (const [later, earlier] of chain) {
    const found = before(resources, later);
    for (const one of earlier) assert.ok(found.has(one), `${later} does not wait for ${one}`);
  }
});

test("whichever color is to become active, the shift to it waits for no step of the idle one, which comes after", async () => {
  const flipped = await registerProgram({ activeColor: "green" });
  for (const [all, idle] of [
    [resources, "green"],
    [flipped.resources, "blue"],
  ] as const) {
    const shift = [...before(all, `${types.command} shift-job`)];
    assert.deepEqual(
      shift.filter((one) => one.includes(idle)),
      [`${types.network} network-${idle}`],
    );
    assert.ok(before(all, `${types.command} backup-${idle}-job`).has(`${types.command} shift-job`));
  }
});

test("a flip changes the shift alone, and with it the active color", async () => {
  const flipped = await registerProgram({ activeColor: "green" });
  assert.deepEqual(changes(resources, flipped.resources), [`${types.command} shift-job`]);
  assert.deepEqual(changes(resources, flipped.resources, false), ["turnout:index:OpsJob shift"]);
  const [blue, green] = [resources, flipped.resources].map((all) => only(all, types.command, "shift-job").inputs) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  const releases = {
    blue: await settled(program.release.prepared.blue?.images.release as never),
    green: await settled(program.release.prepared.green?.images.release as never),
  };
  assert.deepEqual(blue.triggers, ["blue", releases.blue, "first"]);
  assert.deepEqual(green.triggers, ["green", releases.green, "first"]);
});

test("the same settings twice give the same resources", async () => {
  assert.deepEqual(changes(resources, (await registerProgram()).resources), []);
});

test("a new version of green changes nothing of blue, of the edge or of the shift", async () => {
  const other = await registerProgram({ versions: JSON.stringify({ blue: "1.0.0", green: "1.2.0" }) });
  const changed = changes(resources, other.resources);
  assert.deepEqual(
    changed,
    [
      ...["api", "jobs", "web"].map((one) => `${types.service} color-green-${one}`),
      ...["api", "jobs", "web"].map((one) => `${types.image} images-green-${one}`),
      ...["backup", "migration", "smoke", "workers"].map((one) => `${types.command} ${one}-green-job`),
    ].sort(),
  );
  // A component that does not change is not shown, nor are the commands of a migration that stay the same.
  assert.deepEqual(changes(resources, other.resources, false), [
    "turnout:index:ColorStack color-green",
    "turnout:index:Migration migration-green",
    "turnout:index:OpsJob backup-green",
    "turnout:index:OpsJob smoke-green",
    "turnout:index:Release release",
    "turnout:index:ReleaseImages images-green",
  ]);
});

test("a second color changes no existing resource", async () => {
  const blueOnly = await registerProgram({ versions: JSON.stringify({ blue: "1.0.0" }) });
  const green = blueOnly.resources.filter((one) => one.name.includes("green"));
  assert.deepEqual(
    green.map((one) => `${one.type} ${one.name}`),
    [`${types.network} network-green`],
  );
  const changed = changes(blueOnly.resources, resources).filter((one) => !one.includes("green"));
  assert.deepEqual(changed, [`${types.command} shift-job`]);
  const [one, both] = [blueOnly.resources, resources].map(
    (all) => only(all, types.command, "shift-job").inputs.triggers,
  );
  assert.deepEqual(one, both, "a second color is no reason to shift again");
});

test("another epoch, and nothing else, shifts again", async () => {
  const other = await registerProgram({}, { epoch: "second" });
  assert.deepEqual(changes(resources, other.resources), [`${types.command} shift-job`]);
  assert.equal((only(other.resources, types.command, "shift-job").inputs.triggers as string[])[2], "second");
});

test("a change of our own code alone shows as one changed resource: the agent, which runs it", async () => {
  const other = await registerProgram({}, { opsImage: "turnout-ops:2" });
  assert.deepEqual(changes(resources, other.resources), [`${types.service} edge-agent`]);
  assert.deepEqual(changes(resources, other.resources, false), []);
});

test("a new ops image or another password runs no step again", async () => {
  const secrets = { databasePassword: "new", edgeToken: "a-new-token-of-the-edge", adminPassword: "new" };
  const other = await registerProgram({ secrets: JSON.stringify(secrets) }, { opsImage: "turnout-ops:2" });
  const commands = resources.filter((one) => one.type === types.command);
  assert.equal(commands.length, 13);
  // Workers may have been replaced, and a soak holds secrets.
  for (const command of commands.filter((one) => !/^workers-|^sweeps-soak-job$/.test(one.name)))
    assert.deepEqual(only(other.resources, types.command, command.name).inputs.triggers, command.inputs.triggers);
});

test("the outputs come from the youngest step, whichever color it was for", async () => {
  const jobs = resources.filter((one) => one.type === types.command).map((one) => one.name);
  const youngest = jobs
    .filter((one) => one.startsWith("migration-"))
    .at(-1)
    ?.replace(/-job$/, "");
  assert.equal(await settled(program.release.schemaRevision), `revision-of-${youngest}`);
  assert.match((await settled(program.release.lastBackup)) ?? "", /^2026-11-20T10:00:\d\d\.000Z$/);
});

test("every name of 0.2.0 is reached by an alias, so an upgrade replaces nothing", () => {
  const secret = (all: Registered) => String(all.inputs.name);
  const before020 = new Map<string, (one: Registered) => string>([
    ["turnout:index:Release release-journal", () => "turnout-test-journal"],
    ["turnout:index:Release release-backups", () => "turnout-test-backups"],
  ]);
  for (const one of resources) {
    const [own] = one.aliases;
    if (one.type === types.secret) assert.equal(own?.name, secret(one), one.name);
    else if (one.type === types.volume && one.name.startsWith("release-"))
      assert.equal(own?.name, before020.get(`${one.parent?.split(" ")[0]} ${one.name}`)?.(one), one.name);
    else if (one.type === types.command) {
      const steps: Record<string, string> = {
        ...{ "edge-preflight-job": "preflight", "sweeps-all-job": "sweep", "sweeps-soak-job": "sweep-soak" },
      };
      assert.equal(own?.name, steps[one.name] ?? one.name.replace(/-job$/, ""), one.name);
    } else if (one.type === "turnout:index:Migration")
      assert.deepEqual(own, { name: "", type: "turnout:index:OpsJob" });
    else if (["edge-preflight", "sweeps-all", "sweeps-soak"].includes(one.name)) assert.ok(own?.name, one.name);
    else assert.deepEqual(one.aliases, [], `${one.name} has its old name`);
  }
});

test("a preview shows what a migration runs, and nothing that is secret", async () => {
  const migration = only(resources, "turnout:index:Migration", "migration-green");
  const { green } = program.release.prepared;
  assert.ok(green);
  assert.deepEqual(migration.inputs, {
    ...{ color: "green", version: "1.1.0" },
    release: await settled(green.images.release),
    service: "api",
    upgrade: ["alembic", "upgrade", "head"],
    current: ["alembic", "current"],
    heads: ["alembic", "heads"],
  });
  const shift = only(resources, "turnout:index:OpsJob", "shift");
  assert.deepEqual([shift.inputs.verb, shift.inputs.color, shift.inputs.strategy], ["shift", "blue", "blue-green"]);
  for (const one of resources.filter(({ custom }) => !custom)) assert.deepEqual(one.secrets, [], one.name);
});
