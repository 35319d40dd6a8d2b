import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeConfigInput, readyChecks } from "../../core/edge/input.ts";
import { SettingsError } from "../../core/errors.ts";
import { ownSecrets, parseSettings } from "../../core/settings/settings.ts";
import { defineSystem } from "../../core/system/define.ts";
import { imageOf, type SystemDefinition, servicesOf } from "../../core/system/schema.ts";
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

test("a refused system is named by its file and key path", () => {
  const table: [spoil: (system: Loose) => void, expected: RegExp][] = [
    [(s) => (s.name = "Shop"), /^systems\/Shop\.ts: name is "Shop"; write a name of at most 31 lower-case letters, /],
    [
      (s) => (s.services.api.image = "shop:1"),
      /: services\.api\.image is "shop:1"; write an image reference that contains \{version\}, so that each color runs its own version\.$/,
    ],
    [(s) => (s.services.api.port = 0), /: services\.api\.port is the number 0; write a port number from 1 to 65535\.$/],
    [(s) => (s.services.api.kind = "cron"), /: services\.api\.kind is "cron"; write web or worker\.$/],
    [
      (s) => (s.services.api.halth = "/"),
      /: services\.api\.halth is not a setting\. Remove it; see core\/system\/schema\.ts for all keys\.$/,
    ],
    [
      (s) => Object.assign(s.smoke[0], { expects: {}, url: "/" }),
      /: smoke\.0\.expects, smoke\.0\.url are not settings\. Remove them; see /,
    ],
    [
      (s) => (s.services.api.health = "healthz"),
      /: services\.api\.health is "healthz"; write a path that begins with \/\.$/,
    ],
    [
      (s) => delete s.services.api.healthCommand,
      /: services\.api\.healthCommand is missing; write a command as a list, such as \["alembic", "current"\]\.$/,
    ],
    [
      (s) => (s.services.api.healthCommand = []),
      /: services\.api\.healthCommand is the list \[\]; write a command as a list, such as /,
    ],
    [(s) => (s.services.api.env = { A: 1 }), /: services\.api\.env\.A is the number 1; write text in quotes\.$/],
    [
      (s) => (s.services.Api = s.services.api),
      /: services has the key "Api"; write a name of at most 31 lower-case letters, digits and dashes, /,
    ],
    [(s) => (s.services = null), /: services is null; write a group of services by their names\.$/],
    [
      (s) => (s.database.user = "postgres"),
      /: database\.user is "postgres", PostgreSQL's superuser\. Choose another name\.$/,
    ],
    [(s) => (s.smoke = []), /: smoke is the list \[\]; write a list with at least one check\.$/],
    [(s) => (s.smoke[0].probe = "no"), /: smoke\.0\.probe is "no"; write true or false\.$/],
    [(s) => (s.smoke[0].path = "x"), /: smoke\.0\.path is "x"; write a path that begins with \/\.$/],
    [(s) => (s.smoke[0].expect.status = 0), /: smoke\.0\.expect\.status is the number 0; write a status from 100 to /],
    [(s) => (s.sercets = {}), /: sercets is not a setting\. Remove it; see core\/system\/schema\.ts for all keys\.$/],
    ...["0", "0:0", "root", "app:app", "-1", "10001:", "010"].map((user): [(system: Loose) => void, RegExp] => [
      (s) => (s.services.api.user = user),
      new RegExp(
        `: services\\.api\\.user is "${user}"; write user and group ids above 0 in quotes, such as "10001:10001"\\.$`,
      ),
    ]),
    [
      (s) => (s.services.api.user = 10001),
      /: services\.api\.user is the number 10001; write user and group ids above 0 in quotes/,
    ],
    ...[0, 3600, 1.5].map((seconds): [(system: Loose) => void, RegExp] => [
      (s) => (s.services.api.stopGrace = seconds),
      new RegExp(
        `: services\\.api\\.stopGrace is the number ${seconds}; write seconds as a whole number from 1 to 3599\\.$`,
      ),
    ]),
    ...["aheadPattern", "revisionPattern"].map((key): [(system: Loose) => void, RegExp] => [
      (s) => (s.migrations[key] = "([a-f"),
      new RegExp(`: migrations\\.${key} is "\\(\\[a-f"; write a regular expression\\.$`),
    ]),
    ...["databaseUrl", ...Object.keys(ownSecrets)].map((key): [(system: Loose) => void, RegExp] => [
      (s) => (s.secrets = { [key]: { file: "some_file", description: "x" } }),
      new RegExp(`: secrets\\.${key} is reserved for a secret of Turnout itself\\. Choose another name\\.$`),
    ]),
    [
      (s) => (s.secrets = { a: { file: "same", description: "x" }, b: { file: "same", description: "x" } }),
      /: secrets\.b\.file is "same", which another secret uses\. Choose another file name\.$/,
    ],
    [
      (s) => (s.secrets = { a: { file: "database_url", description: "x" } }),
      /: secrets\.a\.file is "database_url", which another secret uses\. Choose another file name\.$/,
    ],
    [
      (s) => (s.secrets = { a: { file: "../x", description: "x" } }),
      /: secrets\.a\.file is "\.\.\/x"; write a file name of lower-case letters, digits and underscores, /,
    ],
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
      /: services\.api\.secrets names "apiKey", which is not defined in the system's secrets\. Define it under `secrets`, or remove it\.$/,
    ],
    [(s) => (s.services.api.secrets = ["toString"]), /: services\.api\.secrets names "toString"/],
    [
      (s) => (s.migrations.service = "db"),
      /: migrations\.service is "db", which is not a service\. Write one of api, mail\.$/,
    ],
    [(s) => (s.migrations.service = "constructor"), /: migrations\.service is "constructor", which is not a service/],
    [
      (s) => (s.smoke[0].auth = { user: "u", secret: "none" }),
      /: smoke test "alive" uses the undefined secret "none"\. Define it under `secrets`\.$/,
    ],
  ];
  for (const [spoil, expected] of table) {
    const spoilt = structuredClone(definition);
    spoil(spoilt);
    assert.throws(
      () => defineSystem(spoilt),
      (error) => {
        assert.ok(error instanceof SettingsError, String(error));
        assert.match(error.message, expected);
        assert.match(error.message, /^systems\/\w+\.ts: [^\n]+\.$/);
        assert.doesNotMatch(error.message, /invalid|expected|received|undefined(?! secret)|\[object/i);
        return true;
      },
    );
  }
});

test("values at the limits are valid", () => {
  for (const change of [{ user: "1" }, { user: "33:0" }, { stopGrace: 1 }, { stopGrace: 3599 }]) {
    const system = structuredClone(definition) as Loose;
    Object.assign(system.services.api, change);
    assert.partialDeepStrictEqual(defineSystem(system).services.api, change);
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

test("the edge's input has every web service, its route, and room for twice its replicas", () => {
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

test("every web service has a ready check; without a ready path it is the health path", () => {
  const system = structuredClone(definition) as Loose;
  system.services = {
    api: { ...system.services.api, ready: "/ready", route: { paths: ["/ready", "/v1"] } },
    admin: { ...system.services.api, route: { hosts: ["admin.example.org"] } },
    mail: system.services.mail,
  };
  assert.deepEqual(readyChecks(defineSystem(system)), [
    { path: "/ready" },
    { path: "/healthz", host: "admin.example.org" },
  ]);
  assert.deepEqual(readyChecks(cleaning), [{ path: "/readyz" }, { path: "/" }]);
});

test("ready and metrics paths must be routed to their service, by whole path segments and the longest prefix", () => {
  const withRoutes = (services: Record<string, object>, metrics?: object) => {
    const system = structuredClone(definition) as Loose;
    const { api, mail } = system.services;
    const web = Object.entries(services).map(([name, more]) => [name, { ...api, ...more }]);
    system.services = { ...Object.fromEntries(web), mail };
    system.migrations.service = Object.keys(services)[0];
    return { ...system, ...(metrics ? { metrics } : {}) };
  };
  const v1 = { route: { paths: ["/v1"] } };
  const left = { ready: "/" };
  const refused: [Record<string, object>, metrics: object | undefined, message: string][] = [
    [
      { api: { ...v1, ready: "/v10/ready" } },
      undefined,
      'services.api.ready is "/v10/ready", which no route matches. Write a ready path that the edge routes to api.',
    ],
    [
      { api: { ...v1, ready: "/v1/admin/ready" }, admin: { route: { paths: ["/v1/admin/"] }, ready: "/v1/admin" } },
      undefined,
      'services.api.ready is "/v1/admin/ready", which is routed to admin. Write a ready path that the edge routes to api.',
    ],
    [
      { api: { route: { paths: ["/v1", "/healthz"] } }, web: {} },
      undefined,
      'services.web.ready is not set and defaults to the health path "/healthz", which is routed to api. ' +
        "Write a ready path that the edge routes to web.",
    ],
    [
      { api: { ...v1, ready: "/v1/ready" } },
      { path: "/v10/metrics" },
      'metrics.path is "/v10/metrics", which no route matches. ' +
        "Write a path that the route of a service matches, and `metrics.host` if that route names hosts.",
    ],
    [
      { api: { route: { hosts: ["api.example.org"] } } },
      { path: "/metrics" },
      'metrics.path is "/metrics", which no route matches. ' +
        "Write a path that the route of a service matches, and `metrics.host` if that route names hosts.",
    ],
  ];
  for (const [services, metrics, message] of refused)
    assert.throws(
      () => defineSystem(withRoutes(services, metrics)),
      (error) => error instanceof SettingsError && error.message === `systems/shop.ts: ${message}`,
      message,
    );
  const taken: [Record<string, object>, metrics?: object][] = [
    [{ api: { ...v1, ready: "/v1" }, web: left }, { path: "/v1/metrics" }],
    [{ api: { ...v1, ready: "/v1/ready?deep=1" } }],
    [{ api: { route: { hosts: ["API.example.org"] } } }, { path: "/metrics", host: "api.example.org" }],
    [{ api: { ...v1, ready: "/v1/ready" }, web: left }, { path: "/v10/metrics" }],
  ];
  for (const [services, metrics] of taken) assert.doesNotThrow(() => defineSystem(withRoutes(services, metrics)));
});

test("cleaning's smoke tests are those of its runbook", () => {
  assert.deepEqual(
    cleaning.smoke.map(({ method, path, body, auth, expect, probe }) => ({ method, path, body, auth, expect, probe })),
    [
      { method: "GET", path: "/healthz", expect: { status: 200, json: { status: "ok" } } },
      { method: "GET", path: "/readyz", expect: { status: 200, json: { ok: true } }, probe: false },
      { method: "GET", path: "/readyz?exclude=jobs", expect: { status: 200, json: { ok: true } } },
      { method: "GET", path: "/", expect: { status: 200, contains: "CleanWithSnapshot" } },
      {
        ...{ method: "POST", path: "/v1/estimate" },
        ...{ body: { beds: 2, baths: 1, cleaning_type: "standard" }, expect: { status: 200 } },
      },
      {
        ...{ method: "GET", path: "/v1/admin/jobs/status" },
        ...{ auth: { user: "admin", secret: "adminPassword" }, expect: { status: 200, json: { ok: true } } },
      },
    ].map((one) => ({ body: undefined, auth: undefined, probe: undefined, ...one })),
  );
  assert.deepEqual(cleaning.migrations.upgrade, ["alembic", "upgrade", "head"]);
  assert.deepEqual(cleaning.migrations.downgrade, ["alembic", "downgrade", "{revision}"]);
});
