import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { names } from "../../core/names.ts";
import { releaseOf, versionOf } from "../../core/release/release.ts";
import { cleaning } from "../../systems/cleaning.ts";
import { secretValues } from "../support/config.ts";
import { ofType, only, type Registered, registerProgram, settled, types } from "../support/mocks.ts";
import { inputOf, jobOf, labelsOf, on, specOf } from "../support/swarm.ts";

const { value: program, resources } = await registerProgram();
const services = ofType(resources, types.service);
const commands = ofType(resources, types.command);

test("every service is hardened, bounded, checked and waited for", () => {
  assert.equal(services.length, 9);
  for (const service of services) {
    const spec = specOf(service);
    const container = spec.containerSpec;
    assert.doesNotMatch(String(container.user), /^(0|root)\b/, service.name);
    assert.equal(container.readOnly, true, service.name);
    assert.deepEqual(container.capDrops, ["ALL"], service.name);
    assert.ok(container.healthcheck, service.name);
    assert.equal((service.inputs.endpointSpec as { mode: string }).mode, "dnsrr", service.name);
    assert.ok(spec.resources && spec.logDriver && service.inputs.convergeConfig, service.name);
  }
});

test("everything Docker can label carries the stack and a role", () => {
  const labelled = resources.filter((one) => one.custom && one.type !== types.command && one.type !== types.image);
  assert.equal(labelled.length, 9 + 3 + 4 + 4, "services, networks, volumes, secrets");
  for (const one of labelled) {
    const found = one.inputs.labels as { label: string; value: string }[];
    assert.ok(
      found.some(({ label, value }) => label === "turnout.stack" && value === "turnout-test"),
      one.name,
    );
    assert.ok(
      found.some(({ label, value }) => label === "turnout.role" && value !== ""),
      one.name,
    );
    if (one.type === types.service) assert.deepEqual(specOf(one).containerSpec.labels, found, one.name);
  }
});

test("only the edge and its agent mount the edge's volume, and no service has Docker's socket", () => {
  const mounts = services.flatMap((one) =>
    specOf(one).containerSpec.mounts.map((mount) => ({ name: one.name, mount })),
  );
  assert.deepEqual(
    mounts
      .filter(({ mount }) => mount.source === names("turnout-test").edgeVolume)
      .map(({ name }) => name)
      .sort(),
    ["edge-agent", "edge-haproxy"],
  );
  assert.deepEqual(
    mounts.filter(({ mount }) => mount.type === "bind"),
    [],
  );
  for (const command of commands) assert.ok(!jobOf(command).volumes["/edge"], command.name);
});

test("a color's services are on their own network alone; only the edge and the database see both", () => {
  const reach = Object.fromEntries(services.map((one) => [one.name, specOf(one).networksAdvanceds]));
  const all = on("admin", "blue", "green");
  assert.deepEqual(reach, {
    "edge-haproxy": all,
    "edge-agent": on("admin"),
    "database-server": all,
    ...Object.fromEntries(["api", "web", "jobs"].map((one) => [`color-blue-${one}`, on("blue")])),
    ...Object.fromEntries(["api", "web", "jobs"].map((one) => [`color-green-${one}`, on("green")])),
  });
});

test("networks are attachable overlays, so that jobs can join", () => {
  const found = ofType(resources, types.network).map((one) => one.inputs);
  assert.deepEqual(
    found,
    ["blue", "green", "admin"].map((one) => ({
      name: `turnout-test-${one}`,
      driver: "overlay",
      attachable: true,
      labels: labelsOf("network"),
    })),
  );
});

test("an image from a registry runs by its digest", async () => {
  const services = Object.fromEntries(
    Object.entries(cleaning.services).map(([key, one]) => [key, { ...one, image: `ghcr.io/shop/${key}:{version}` }]),
  );
  const { resources: all } = await registerProgram({}, { system: { ...cleaning, services } });
  const image = only(all, types.image, "images-green-web");
  assert.deepEqual(image.inputs, { name: "ghcr.io/shop/web:1.1.0", keepLocally: true });
  const web = specOf(only(all, types.service, "color-green-web"));
  assert.equal(web.containerSpec.image, "ghcr.io/shop/web@sha256:of-ghcr.io/shop/web:1.1.0");
});

test("the same version built again is another release", async () => {
  const images = ["api", "web", "jobs"].map((one) => `sha256:turnout-example-cleaning-${one}:1.0.0`);
  const release = await settled(program.release.prepared.blue?.images.release as never);
  assert.equal(release, releaseOf("1.0.0", images));
  assert.equal(release, releaseOf("1.0.0", images.toReversed()));
  assert.notEqual(release, releaseOf("1.0.0", [...images.slice(1), "sha256:other"]));
  for (const image of ofType(resources, types.image)) assert.equal(image.inputs.keepLocally, true);
});

test("in production the data cannot be deleted; in a demo it can", async () => {
  const volumes = (all: Registered[]) =>
    Object.fromEntries(ofType(all, types.volume).map((one) => [one.name, one.protect]));
  assert.deepEqual(volumes(resources), {
    "database-data": true,
    "edge-volume": false,
    "release-journal": true,
    "release-backups": true,
  });
  const demo = await registerProgram({ production: "false" });
  assert.ok(Object.values(volumes(demo.resources)).every((one) => !one));
});

test("an external database: no server, no volume, its address for jobs and services", async () => {
  const database = JSON.stringify({ external: { host: "db.example.org", port: 6432 } });
  const { resources: all } = await registerProgram({ database });
  const own = all.filter((one) => one.parent === "turnout:index:Database database");
  assert.equal(own.length, 1);
  const url = Buffer.from(String(own[0]?.inputs.data), "base64").toString("utf8");
  assert.match(url, /@db\.example\.org:6432\/cleaning\?sslmode=require$/);
  const given = inputOf(only(all, types.command, "backup-blue-job"));
  assert.deepEqual(given.database, {
    ...{ host: "db.example.org", port: 6432, name: "cleaning", user: "cleaning" },
    ...{ password: secretValues.databasePassword, sslmode: "require" },
  });
});

const version = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$/);
const images = fc.uniqueArray(fc.stringMatching(/^sha256:[0-9a-f]{64}$/), { minLength: 1, maxLength: 5 });

test("a release names its version and its images", () => {
  fc.assert(
    fc.property(version, images, (one, ids) => {
      const release = releaseOf(one, ids);
      assert.equal(versionOf(release), one);
      assert.equal(releaseOf(one, ids.toReversed()), release, "the order of the services is no difference");
      assert.notEqual(releaseOf(one, [...ids, "sha256:another"]), release);
    }),
  );
  assert.equal(versionOf(null), null);
  assert.equal(versionOf("1.0.0-deadbeef-0badcafe"), "1.0.0-deadbeef", "a version may look like a release");
});
