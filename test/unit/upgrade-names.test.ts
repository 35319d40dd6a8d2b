import assert from "node:assert/strict";
import { test } from "node:test";
import { type Registered, registerProgram, types } from "../support/mocks.ts";

const { resources } = await registerProgram();

const colors = ["blue", "green"];
const release = "turnout:index:Release";
const job = (parent: string, name: string) => [
  `${parent}$turnout:index:OpsJob::${name}`,
  `${parent}$turnout:index:OpsJob$command:local:Command::${name}`,
];
const secret = (parent: string, name: string) => `${parent}$docker:index/secret:Secret::turnout-test-${name}`;

/** Every resource of a stack of 0.2.0 (commit a54ed7c), as `type$type::name`; a secret's name without its hash. */
const released = [
  "turnout:index:Network::network",
  ...["admin", "blue", "green"].map((one) => `turnout:index:Network$docker:index/network:Network::network-${one}`),
  "turnout:index:Database::database",
  "turnout:index:Database$docker:index/service:Service::database-server",
  "turnout:index:Database$docker:index/volume:Volume::database-data",
  secret("turnout:index:Database", "database-password"),
  secret("turnout:index:Database", "database-url"),
  "turnout:index:LoadBalancer::edge",
  "turnout:index:LoadBalancer$docker:index/service:Service::edge-agent",
  "turnout:index:LoadBalancer$docker:index/service:Service::edge-haproxy",
  "turnout:index:LoadBalancer$docker:index/volume:Volume::edge-volume",
  secret("turnout:index:LoadBalancer", "edge-token"),
  ...job("turnout:index:LoadBalancer", "preflight"),
  "turnout:index:Release::release",
  secret(release, "admin-password"),
  ...["backups", "journal"].map((one) => `${release}$docker:index/volume:Volume::turnout-test-${one}`),
  `${release}$turnout:index:Sweeps::sweeps`,
  ...["sweep", "sweep-soak"].flatMap((one) => job(`${release}$turnout:index:Sweeps`, one)),
  ...["edge-config", "shift"].flatMap((one) => job(release, one)),
  ...colors.flatMap((color) => [
    ...["backup", "migration", "workers", "smoke"].flatMap((step) => job(release, `${step}-${color}`)),
    `${release}$turnout:index:ReleaseImages::images-${color}`,
    `${release}$turnout:index:ColorStack::color-${color}`,
    ...["api", "web", "jobs"].flatMap((one) => [
      `${release}$turnout:index:ReleaseImages$docker:index/remoteImage:RemoteImage::images-${color}-${one}`,
      `${release}$turnout:index:ColorStack$docker:index/service:Service::color-${color}-${one}`,
    ]),
  ]),
];

/** What a resource takes over from a state: itself, or the first of its aliases, as the engine computes them. */
function takenOver(one: Registered, state: Set<string>, parents: Map<string, string>): string | undefined {
  const [, name = ""] = one.path.split("::");
  const chain = one.path.slice(0, one.path.lastIndexOf(one.type));
  const former = one.parent === undefined ? undefined : parents.get(one.parent);
  const chains = [chain, ...(former === undefined ? [] : [`${former.split("::")[0]}$`])];
  const names = [{ name, type: one.type }, ...one.aliases];
  return chains
    .flatMap((types) => names.map((alias) => `${types}${alias.type || one.type}::${alias.name || name}`))
    .find((path) => state.has(path));
}

test("every resource of the last release is taken over by one of today, so an upgrade replaces nothing", () => {
  const hash = /-[0-9a-f]{8}$/;
  const secrets = resources.filter((one) => one.type === types.secret).map((one) => String(one.inputs.name));
  const state = new Set(
    released.map((path) => {
      const [chain = "", name = ""] = path.split("::");
      const whole = secrets.find((one) => one.replace(hash, "") === name);
      return `${chain}::${chain.endsWith("Secret") ? (whole ?? "no such secret") : name}`;
    }),
  );
  assert.equal(state.size, released.length);
  const parents = new Map<string, string>();
  const found = resources.map((one) => {
    const path = takenOver(one, state, parents);
    assert.ok(path, `${one.path} is new: nothing of the last release is it`);
    parents.set(`${one.type} ${one.name}`, path);
    return path;
  });
  assert.deepEqual(found.toSorted(), [...state].toSorted());
});

test("a resource without its alias is found by this table", () => {
  const [journal] = resources.filter((one) => one.name === "release-journal");
  assert.ok(journal);
  const state = new Set([`${release}$docker:index/volume:Volume::turnout-test-journal`]);
  assert.ok(takenOver(journal, state, new Map()));
  assert.equal(takenOver({ ...journal, aliases: [] }, state, new Map()), undefined);
});
