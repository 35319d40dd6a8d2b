import assert from "node:assert/strict";
import { test } from "node:test";
import { cleaning } from "../../systems/cleaning.ts";
import { ofType, only, registerProgram, settled, types } from "../support/mocks.ts";
import { inputOf, labelsOf, limits, mounted, on, specOf, tmpfs } from "../support/swarm.ts";

const { value: program, resources } = await registerProgram();

/** What every service has in common. */
const logDriver = { name: "json-file", options: { "max-size": "10m", "max-file": "3" } };
const restartPolicy = { condition: "any", delay: "1s", window: "0s" };
const convergeConfig = { delay: "500ms", timeout: "120s" };
const update = (order: string, failureAction: string) => ({
  ...{ parallelism: 1, order, failureAction },
  ...{ monitor: "5s", delay: "0s", maxFailureRatio: "0.0" },
});

test("a web service of a color, whole", async () => {
  const release = await settled(program.release.prepared.blue?.images.release as never);
  const labels = labelsOf("web", { "turnout.color": "blue", "turnout.service": "api" });
  const service = only(resources, types.service, "color-blue-api");
  assert.deepEqual(service.inputs, {
    name: "turnout-test-blue-api",
    labels,
    taskSpec: {
      containerSpec: {
        image: "turnout-example-cleaning-api:1.0.0",
        labels,
        env: {
          DATABASE_URL_FILE: "/run/secrets/database_url",
          ADMIN_USER: "admin",
          ADMIN_PASSWORD_FILE: "/run/secrets/admin_password",
          TURNOUT_COLOR: "blue",
          TURNOUT_SERVICE: "turnout-test-blue-api",
          TURNOUT_VERSION: "1.0.0",
          TURNOUT_RELEASE: release,
        },
        user: "10001:10001",
        readOnly: true,
        capDrops: ["ALL"],
        init: true,
        mounts: [tmpfs("/tmp")],
        secrets: [
          mounted(resources, "database-url", "database_url", 10001),
          mounted(resources, "admin-password", "admin_password", 10001),
        ],
        stopGracePeriod: "30s",
        healthcheck: {
          tests: ["CMD", "python3", "-I", "-S", "/app/healthcheck.py", "http://127.0.0.1:8000/healthz"],
          ...{ interval: "2s", timeout: "3s", retries: 3, startPeriod: "20s" },
        },
      },
      networksAdvanceds: on("blue"),
      resources: limits(256, 1),
      restartPolicy,
      logDriver,
    },
    endpointSpec: { mode: "dnsrr" },
    mode: { replicated: { replicas: 1 } },
    updateConfig: update("start-first", "rollback"),
    rollbackConfig: update("start-first", "pause"),
    convergeConfig,
  });
  assert.deepEqual(service.ignoreChanges, []);
});

test("a worker is created scaled to 0, and no update scales it back to 0", () => {
  const worker = only(resources, types.service, "color-green-jobs");
  assert.deepEqual(worker.inputs.mode, { replicated: { replicas: 0 } });
  assert.deepEqual(worker.ignoreChanges, ["mode.replicated.replicas"]);
  assert.deepEqual(worker.inputs.labels, labelsOf("worker", { "turnout.color": "green", "turnout.service": "jobs" }));
  assert.deepEqual(specOf(worker).networksAdvanceds, on("green"));
  assert.match(JSON.stringify(specOf(worker)), /"interval":"3s"/);
});

test("what a system and the settings ask for reaches the services", async () => {
  const system = {
    ...cleaning,
    services: {
      ...cleaning.services,
      web: {
        ...(cleaning.services.web as (typeof cleaning.services)[string]),
        ...{ user: "33:44", tmpfs: ["/run", "/var/cache"], memory: 100, cpus: 0.25, stopGrace: 65 },
        ...{ env: { MODE: "x" }, secrets: ["adminPassword"] },
      },
    },
  };
  const config = { replicas: JSON.stringify({ web: 3 }), timeouts: JSON.stringify({ start: 45 }) };
  const other = await registerProgram(config, { system });
  const web = only(other.resources, types.service, "color-blue-web");
  const spec = specOf(web);
  assert.equal(spec.containerSpec.user, "33:44");
  assert.deepEqual(spec.containerSpec.mounts, [tmpfs("/run"), tmpfs("/var/cache")]);
  assert.equal(spec.containerSpec.stopGracePeriod, "1m5s");
  assert.equal((spec.containerSpec.env as Record<string, string>).MODE, "x");
  assert.deepEqual(
    (spec.containerSpec.secrets as Record<string, unknown>[]).map((one) => [one.fileUid, one.fileGid]),
    [["33", "44"]],
  );
  assert.deepEqual(spec.resources, limits(100, 0.25));
  assert.deepEqual(web.inputs.mode, { replicated: { replicas: 3 } });
  assert.deepEqual(web.inputs.convergeConfig, { delay: "500ms", timeout: "45s" });
});

test("health checks follow the stack's interval, and no container is checked more often than it was", async () => {
  const intervals = (all: typeof resources) =>
    Object.fromEntries(
      ofType(all, types.service).map((one) => [
        one.name,
        (specOf(one).containerSpec.healthcheck as { interval: string }).interval,
      ]),
    );
  const usual = intervals(resources);
  assert.deepEqual(
    [usual["color-blue-api"], usual["color-blue-jobs"], usual["edge-haproxy"], usual["database-server"]],
    ["2s", "3s", "3s", "2s"],
  );
  const { resources: other } = await registerProgram({ timeouts: JSON.stringify({ check: 5 }) });
  assert.deepEqual([...new Set(Object.values(intervals(other)))], ["5s"]);
});

test("a worker has the time to end its work that the stack gives it, whatever its system says", async () => {
  const graceOf = (all: typeof resources) =>
    ["blue", "green"].map(
      (color) => specOf(only(all, types.service, `color-${color}-jobs`)).containerSpec.stopGracePeriod,
    );
  assert.deepEqual(graceOf(resources), ["10m", "10m"]);
  const { resources: other } = await registerProgram({ timeouts: JSON.stringify({ workers: 95 }) });
  assert.deepEqual(graceOf(other), ["1m35s", "1m35s"]);
  const given = inputOf(only(other, types.command, "shift-job"));
  assert.equal(given.workerGrace, 95, "the handover waits as long");
});

test("durations are written as Docker writes them back, so that a second preview is empty", async () => {
  const table: [seconds: number, written: string][] = [
    [1, "1s"],
    [59, "59s"],
    [60, "1m"],
    [61, "1m1s"],
    [65, "1m5s"],
    [120, "2m"],
    [600, "10m"],
    [3599, "59m59s"],
  ];
  const one = cleaning.services.web as (typeof cleaning.services)[string];
  const more = Object.fromEntries(
    table.map(([stopGrace]) => [`for-${stopGrace}`, { ...one, stopGrace, route: { paths: [`/for-${stopGrace}`] } }]),
  );
  const { resources: all } = await registerProgram(
    {},
    { system: { ...cleaning, services: { ...cleaning.services, ...more } } },
  );
  const found = table.map(([seconds]) => {
    const service = only(all, types.service, `color-blue-for-${seconds}`);
    return [seconds, specOf(service).containerSpec.stopGracePeriod];
  });
  assert.deepEqual(found, table);
});

test("HAProxy, whole", () => {
  assert.deepEqual(only(resources, types.service, "edge-haproxy").inputs, {
    name: "turnout-test-edge",
    labels: labelsOf("edge"),
    taskSpec: {
      containerSpec: {
        image: "turnout-edge:1",
        labels: labelsOf("edge"),
        ...{ user: "10001:10001", readOnly: true, capDrops: ["ALL"], init: false },
        stopGracePeriod: "30s",
        mounts: [tmpfs("/tmp"), { type: "volume", source: "turnout-test-edge", target: "/edge" }],
        healthcheck: {
          tests: ["CMD", "/usr/local/bin/healthcheck"],
          ...{ interval: "3s", timeout: "3s", retries: 3, startPeriod: "10s" },
        },
      },
      networksAdvanceds: on("admin", "blue", "green"),
      placement: { constraints: ["node.role == manager"] },
      resources: limits(512, 2),
      restartPolicy,
      logDriver,
    },
    endpointSpec: {
      mode: "dnsrr",
      ports: [
        { name: "public", targetPort: 8080, publishedPort: 18080, protocol: "tcp", publishMode: "host" },
        { name: "preview", targetPort: 8081, publishedPort: 18081, protocol: "tcp", publishMode: "host" },
      ],
    },
    mode: { replicated: { replicas: 1 } },
    updateConfig: update("stop-first", "rollback"),
    rollbackConfig: update("stop-first", "pause"),
    convergeConfig,
  });
});

test("the edge's agent, whole: on the admin net only, its token as a file", () => {
  assert.deepEqual(only(resources, types.service, "edge-agent").inputs, {
    name: "turnout-test-agent",
    labels: labelsOf("agent"),
    taskSpec: {
      containerSpec: {
        image: "turnout-ops:1",
        args: ["agent"],
        labels: labelsOf("agent"),
        ...{ user: "10001:10001", readOnly: true, capDrops: ["ALL"], init: true },
        stopGracePeriod: "30s",
        mounts: [tmpfs("/tmp"), { type: "volume", source: "turnout-test-edge", target: "/edge" }],
        env: { TURNOUT_TOKEN_FILE: "/run/secrets/edge_token" },
        secrets: [mounted(resources, "edge-token", "edge_token", 10001)],
        healthcheck: {
          tests: ["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8090"],
          ...{ interval: "2s", timeout: "3s", retries: 3, startPeriod: "10s" },
        },
      },
      networksAdvanceds: on("admin"),
      placement: { constraints: ["node.role == manager"] },
      resources: limits(256, 1),
      restartPolicy,
      logDriver,
    },
    endpointSpec: { mode: "dnsrr" },
    mode: { replicated: { replicas: 1 } },
    updateConfig: update("stop-first", "rollback"),
    rollbackConfig: update("stop-first", "pause"),
    convergeConfig,
  });
});

test("the database's server, whole", () => {
  assert.deepEqual(only(resources, types.service, "database-server").inputs, {
    name: "turnout-test-db",
    labels: labelsOf("database"),
    taskSpec: {
      containerSpec: {
        image: "turnout-postgres:1",
        labels: labelsOf("database"),
        ...{ user: "101:101", readOnly: true, capDrops: ["ALL"], init: false },
        stopSignal: "SIGINT",
        stopGracePeriod: "1m",
        mounts: [
          tmpfs("/run/postgresql"),
          tmpfs("/tmp"),
          { type: "volume", source: "turnout-test-db", target: "/var/lib/postgresql/data" },
        ],
        env: {
          POSTGRES_DB: "cleaning",
          POSTGRES_USER: "cleaning",
          POSTGRES_PASSWORD_FILE: "/run/secrets/postgres_password",
          TURNOUT_MAX_CONNECTIONS: "100",
        },
        secrets: [mounted(resources, "database-password", "postgres_password", 101)],
        healthcheck: {
          tests: ["CMD", "pg_isready", "-q", "-h", "127.0.0.1", "-U", "cleaning", "-d", "cleaning"],
          ...{ interval: "2s", timeout: "3s", retries: 5, startPeriod: "30s" },
        },
      },
      networksAdvanceds: on("admin", "blue", "green"),
      placement: { constraints: ["node.role == manager"] },
      resources: limits(1024, 2),
      restartPolicy,
      logDriver,
    },
    endpointSpec: { mode: "dnsrr" },
    mode: { replicated: { replicas: 1 } },
    updateConfig: update("stop-first", "rollback"),
    rollbackConfig: update("stop-first", "pause"),
    convergeConfig,
  });
});
