import assert from "node:assert/strict";
import { test } from "node:test";
import { before, mockResource, only, type Registered, registerProgram, settled, types } from "../support/mocks.ts";

const { value: program, resources } = await registerProgram();

/** `type name` → inputs, for comparing two runs. */
const inputsOf = (all: Registered[]) => new Map(all.map((one) => [`${one.type} ${one.name}`, one.inputs]));

/** What differs in its inputs, and what only one of the two runs has. */
function changes(from: Registered[], to: Registered[]): string[] {
  const [old, now] = [inputsOf(from), inputsOf(to)];
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
      "turnout:index:Database database > docker:index/secret:Secret turnout-test-database-password-#",
      "turnout:index:Database database > docker:index/secret:Secret turnout-test-database-url-#",
      "turnout:index:Database database > docker:index/service:Service database-server",
      "turnout:index:Database database > docker:index/volume:Volume database-data",
      "turnout:index:LoadBalancer edge > docker:index/secret:Secret turnout-test-edge-token-#",
      "turnout:index:LoadBalancer edge > docker:index/service:Service edge-agent",
      "turnout:index:LoadBalancer edge > docker:index/service:Service edge-haproxy",
      "turnout:index:LoadBalancer edge > docker:index/volume:Volume edge-volume",
      "turnout:index:LoadBalancer edge > turnout:index:OpsJob preflight",
      "turnout:index:Network network > docker:index/network:Network network-admin",
      "turnout:index:Network network > docker:index/network:Network network-blue",
      "turnout:index:Network network > docker:index/network:Network network-green",
      "turnout:index:OpsJob backup-blue > command:local:Command backup-blue",
      "turnout:index:OpsJob backup-green > command:local:Command backup-green",
      "turnout:index:OpsJob edge-config > command:local:Command edge-config",
      "turnout:index:OpsJob migration-blue > command:local:Command migration-blue",
      "turnout:index:OpsJob migration-green > command:local:Command migration-green",
      "turnout:index:OpsJob preflight > command:local:Command preflight",
      "turnout:index:OpsJob shift > command:local:Command shift",
      "turnout:index:OpsJob smoke-blue > command:local:Command smoke-blue",
      "turnout:index:OpsJob smoke-green > command:local:Command smoke-green",
      "turnout:index:OpsJob sweep > command:local:Command sweep",
      "turnout:index:OpsJob sweep-soak > command:local:Command sweep-soak",
      "turnout:index:OpsJob workers-blue > command:local:Command workers-blue",
      "turnout:index:OpsJob workers-green > command:local:Command workers-green",
      "turnout:index:Release release > docker:index/secret:Secret turnout-test-admin-password-#",
      "turnout:index:Release release > docker:index/volume:Volume turnout-test-backups",
      "turnout:index:Release release > docker:index/volume:Volume turnout-test-journal",
      "turnout:index:Release release > turnout:index:ColorStack color-blue",
      "turnout:index:Release release > turnout:index:ColorStack color-green",
      "turnout:index:Release release > turnout:index:OpsJob backup-blue",
      "turnout:index:Release release > turnout:index:OpsJob backup-green",
      "turnout:index:Release release > turnout:index:OpsJob edge-config",
      "turnout:index:Release release > turnout:index:OpsJob migration-blue",
      "turnout:index:Release release > turnout:index:OpsJob migration-green",
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
      "turnout:index:Sweeps sweeps > turnout:index:OpsJob sweep",
      "turnout:index:Sweeps sweeps > turnout:index:OpsJob sweep-soak",
    ],
  );
});

test("each step waits for the one before it: the color to serve, the shift, then the idle color", () => {
  const command = (name: string) => `${types.command} ${name}`;
  const service = (name: string) => `${types.service} ${name}`;
  const [api, web, jobs] = ["api", "web", "jobs"].map((one) => service(`color-blue-${one}`)) as [
    string,
    string,
    string,
  ];
  const chain: [string, string[]][] = [
    [service("edge-haproxy"), [command("preflight")]],
    [service("edge-agent"), [command("preflight")]],
    [command("edge-config"), [service("edge-agent"), service("edge-haproxy"), `${types.volume} turnout-test-journal`]],
    [
      command("backup-blue"),
      [command("edge-config"), service("database-server"), `${types.volume} turnout-test-backups`],
    ],
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

test("whichever color is to serve, the shift to it waits for no step of the idle one, which comes after", async () => {
  const flipped = await registerProgram({ activeColor: "green" });
  for (const [all, idle] of [
    [resources, "green"],
    [flipped.resources, "blue"],
  ] as const) {
    const shift = [...before(all, `${types.command} shift`)];
    assert.deepEqual(
      shift.filter((one) => one.includes(idle)),
      [`${types.network} network-${idle}`],
    );
    assert.ok(before(all, `${types.command} backup-${idle}`).has(`${types.command} shift`));
  }
});

test("a flip changes the shift alone, and with it who serves", async () => {
  const flipped = await registerProgram({ activeColor: "green" });
  assert.deepEqual(changes(resources, flipped.resources), [`${types.command} shift`]);
  const [blue, green] = [resources, flipped.resources].map((all) => only(all, types.command, "shift").inputs) as [
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

test("the same settings twice ask for the same", async () => {
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
      ...["backup", "migration", "smoke", "workers"].map((one) => `${types.command} ${one}-green`),
    ].sort(),
  );
});

test("a second color leaves what is there alone", async () => {
  const blueOnly = await registerProgram({ versions: JSON.stringify({ blue: "1.0.0" }) });
  const green = blueOnly.resources.filter((one) => one.name.includes("green"));
  assert.deepEqual(
    green.map((one) => `${one.type} ${one.name}`),
    [`${types.network} network-green`],
  );
  const changed = changes(blueOnly.resources, resources).filter((one) => !one.includes("green"));
  assert.deepEqual(changed, [`${types.command} shift`]);
  const [one, both] = [blueOnly.resources, resources].map((all) => only(all, types.command, "shift").inputs.triggers);
  assert.deepEqual(one, both, "a second color is no reason to shift again");
});

test("another epoch, and nothing else, shifts again", async () => {
  const other = await registerProgram({}, { epoch: "second" });
  assert.deepEqual(changes(resources, other.resources), [`${types.command} shift`]);
  assert.equal((only(other.resources, types.command, "shift").inputs.triggers as string[])[2], "second");
});

test("a new ops image or another password runs no step again", async () => {
  const secrets = { databasePassword: "new", edgeToken: "a-new-token-of-the-edge", adminPassword: "new" };
  const other = await registerProgram({ secrets: JSON.stringify(secrets) }, { opsImage: "turnout-ops:2" });
  const commands = resources.filter((one) => one.type === types.command);
  assert.equal(commands.length, 13);
  // Workers may have been replaced, and a soak holds secrets.
  for (const command of commands.filter((one) => !/^workers-|^sweep-soak$/.test(one.name)))
    assert.deepEqual(only(other.resources, types.command, command.name).inputs.triggers, command.inputs.triggers);
});

test("the outputs come from the youngest step, whichever color it was for", async () => {
  const jobs = resources.filter((one) => one.type === types.command).map((one) => one.name);
  const youngest = jobs.filter((one) => one.startsWith("migration-")).at(-1);
  assert.equal(await settled(program.release.schemaRevision), `revision-of-${youngest}`);
  assert.match((await settled(program.release.lastBackup)) ?? "", /^2026-11-20T10:00:\d\d\.000Z$/);
});
