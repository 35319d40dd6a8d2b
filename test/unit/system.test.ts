import assert from "node:assert/strict";
import { test } from "node:test";
import { SettingsError } from "../../core/errors.ts";
import { edgeConfigInput, readyChecks } from "../../core/routes.ts";
import { parseSettings } from "../../core/settings.ts";
import { defineSystem, imageOf, type SystemDefinition, servicesOf } from "../../core/system.ts";
import { cleaning } from "../../systems/cleaning.ts";
import { validConfig } from "../support/config.ts";

const definition: SystemDefinition = {
  name: "shop",
  database: { name: "shop", user: "shop" },
  services: {
    api: { kind: "web", image: "shop:{version}", port: 8000, health: "/healthz", healthCommand: ["true"] },
    mail: { kind: "worker", image: "mail:{version}", healthCommand: ["true"] },
  },
  migrations: { service: "api", upgrade: ["up"], current: ["current"], heads: ["heads"] },
  smoke: [{ name: "alive", path: "/healthz", expect: {} }],
};

/** A definition that types do not check, since a system may be written without them. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point
type Loose = any;

test("defaults of a system", () => {
  const system = defineSystem(definition);
  assert.deepEqual(system.services.api, {
    ...{ kind: "web", image: "shop:{version}", port: 8000, health: "/healthz", healthCommand: ["true"] },
    ...{ identity: true, env: {}, secrets: [], user: "10001:10001", tmpfs: ["/tmp"] },
    ...{ memory: 256, cpus: 1, stopGrace: 30 },
  });
  assert.deepEqual(system.secrets, {});
  assert.deepEqual(system.smoke, [{ name: "alive", method: "GET", path: "/healthz", expect: { status: 200 } }]);
  assert.equal(system.migrations.revisionPattern, "[a-f0-9]{12}");
});

test("what is wrong with a system is said by its file and key path", () => {
  const table: [spoil: (system: Loose) => void, expected: RegExp][] = [
    [(s) => (s.name = "Shop"), /^systems\/Shop\.ts: name use lower-case letters, digits and dashes\.$/],
    [(s) => (s.services.api.image = "shop:1"), /: services\.api\.image must hold \{version\}/],
    [(s) => (s.services.api.port = 0), /: services\.api\.port /],
    [(s) => (s.services.api.kind = "cron"), /: services\.api\.kind .*"web"\|"worker"/],
    [(s) => (s.services.api.halth = "/"), /: services\.api .*"halth"/],
    [(s) => (s.services.api.health = "healthz"), /: services\.api\.health begin the path with \/\.$/],
    [(s) => delete s.services.api.healthCommand, /: services\.api\.healthCommand /],
    [(s) => (s.services.api.healthCommand = []), /: services\.api\.healthCommand /],
    [(s) => (s.services.Api = s.services.api), /: services\.Api /],
    [(s) => (s.smoke = []), /: smoke /],
    [(s) => (s.smoke[0].path = "x"), /: smoke\.0\.path begin the path with \/\.$/],
    [(s) => (s.sercets = {}), /"sercets"/],
    [
      (s) => delete s.services.api.port,
      /: services\.api is a web service without port or health path\. Add `port` and `health`\.$/,
    ],
    [(s) => delete s.services.api.health, /: services\.api is a web service without port or health path/],
    [
      (s) => (s.services.mail.port = 1),
      /: services\.mail is a worker and cannot have a port or a route\. Make it `web` or remove them\.$/,
    ],
    [(s) => (s.services.mail.route = {}), /: services\.mail is a worker and cannot have a port or a route/],
    [
      (s) => (s.services.api.secrets = ["apiKey"]),
      /: services\.api\.secrets names "apiKey", which the system's secrets do not define\.$/,
    ],
    [(s) => (s.services.api.secrets = ["toString"]), /: services\.api\.secrets names "toString"/],
    [(s) => (s.migrations.service = "db"), /: migrations\.service names "db", which is no service\.$/],
    [(s) => (s.migrations.service = "constructor"), /: migrations\.service names "constructor", which is no service/],
    [
      (s) => (s.smoke[0].auth = { user: "u", secret: "none" }),
      /: smoke check "alive" uses the undefined secret "none"\.$/,
    ],
  ];
  for (const [spoil, expected] of table) {
    const spoilt = structuredClone(definition);
    spoil(spoilt);
    assert.throws(
      () => defineSystem(spoilt),
      (error) => {
        assert.ok(error instanceof SettingsError, `${error}`);
        assert.match(error.message, expected);
        assert.match(error.message, /^systems\/\w+\.ts: [^\n]+\.$/);
        return true;
      },
    );
  }
});

test("databaseUrl is a secret every service may name", () => {
  const system = structuredClone(definition) as Loose;
  system.services.api.secrets = ["databaseUrl"];
  assert.deepEqual(defineSystem(system).services.api?.secrets, ["databaseUrl"]);
});

test("services of a kind, in their order; the image of a version", () => {
  assert.deepEqual(
    servicesOf(cleaning, "web").map(([name]) => name),
    ["api", "web"],
  );
  assert.deepEqual(
    servicesOf(cleaning, "worker").map(([name]) => name),
    ["jobs"],
  );
  const twice = { ...defineSystem(definition).services.api, image: "{version}/x:{version}" } as Loose;
  assert.equal(imageOf(twice, "1.2.3"), "1.2.3/x:1.2.3");
});

test("the edge is told every web service, its route and room for twice its replicas", () => {
  const replicas = JSON.stringify({ api: 3 });
  const settings = parseSettings({ ...validConfig, replicas, exposeColor: "true" }, { cleaning }, "test");
  const { serviceName, ...rest } = edgeConfigInput("turnout-test", cleaning, settings);
  assert.deepEqual(rest, {
    stack: "turnout-test",
    exposeColorHeader: true,
    routes: [
      {
        service: "api",
        port: 8000,
        paths: ["/v1", "/healthz", "/readyz"],
        health: { path: "/healthz" },
        ...{ identity: true, maxReplicas: 6 },
      },
      { service: "web", port: 3000, health: { path: "/healthz" }, identity: true, maxReplicas: 2 },
    ],
  });
  assert.equal(serviceName("green", "web"), "turnout-test-green-web");
});

test("ready is asked where a route leads to it; without a ready path, health is asked", () => {
  const system = structuredClone(definition) as Loose;
  system.services = {
    api: { ...system.services.api, ready: "/ready", route: { paths: ["/ready", "/v1"] } },
    hidden: { ...system.services.api, ready: "/inside", route: { paths: ["/v2"] } },
    admin: { ...system.services.api, route: { hosts: ["admin.example.org"] } },
    mail: system.services.mail,
  };
  assert.deepEqual(readyChecks(defineSystem(system)), [
    { path: "/ready" },
    { path: "/healthz", host: "admin.example.org" },
  ]);
});

test("cleaning's smoke list is that of its runbook", () => {
  assert.deepEqual(
    cleaning.smoke.map(({ method, path, body, auth, expect }) => ({ method, path, body, auth, expect })),
    [
      { method: "GET", path: "/healthz", expect: { status: 200, json: { status: "ok" } } },
      { method: "GET", path: "/readyz", expect: { status: 200, json: { ok: true } } },
      { method: "GET", path: "/", expect: { status: 200, contains: "CleanWithSnapshot" } },
      {
        ...{ method: "POST", path: "/v1/estimate" },
        ...{ body: { beds: 2, baths: 1, cleaning_type: "standard" }, expect: { status: 200 } },
      },
      {
        ...{ method: "GET", path: "/v1/admin/jobs/status" },
        ...{ auth: { user: "admin", secret: "adminPassword" }, expect: { status: 200, json: { ok: true } } },
      },
    ].map((one) => ({ body: undefined, auth: undefined, ...one })),
  );
  assert.deepEqual(cleaning.migrations.upgrade, ["alembic", "upgrade", "head"]);
  assert.deepEqual(cleaning.migrations.downgrade, ["alembic", "downgrade", "{revision}"]);
});
