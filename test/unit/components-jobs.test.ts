import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultThresholds } from "../../core/verdict/thresholds.ts";
import { secretValues } from "../support/config.ts";
import { before, ofType, only, registerProgram, types } from "../support/mocks.ts";
import { inputOf, jobOf, mounted } from "../support/swarm.ts";

const { resources } = await registerProgram();
const commands = ofType(resources, types.command);

test("a job is started by the launcher, given its plain input by environment and its secrets by stdin", () => {
  for (const command of commands) {
    const { environment, stdin, triggers, ...rest } = command.inputs;
    const step = command.name.replace(/-job$/, "");
    const { verb } = jobOf(command);
    assert.deepEqual(rest, {
      interpreter: ["node", "launcher/launch.ts"],
      ...(verb === "sweep" ? { create: "later", delete: "sweep" } : { create: verb }),
      update: "keep",
      logging: "stderr",
    });
    assert.deepEqual(Object.keys(environment as object), ["TURNOUT_INPUT", "TURNOUT_JOB"]);
    assert.equal(typeof JSON.parse(stdin as string), "object");
    for (const secret of Object.values(secretValues))
      assert.ok(!JSON.stringify(environment).includes(secret), `a secret of ${command.name} is plain`);
    assert.ok(Array.isArray(triggers) && triggers.length > 0);
    assert.deepEqual(command.secrets, ["stdin"], command.name);
    assert.deepEqual(command.secretOutputs, ["stdin"], command.name);
    const component = step.startsWith("migration-") ? "Migration" : "OpsJob";
    assert.equal(command.parent, `turnout:index:${component} ${step}`, "a step has one command");
  }
});

test("each job may reach what it needs and no more", () => {
  const journal = { "/journal": "turnout-test-journal" };
  const backups = { ...journal, "/backups": "turnout-test-backups" };
  const may = Object.fromEntries(
    commands.map((command) => {
      const { name, verb, network, docker, volumes, ...rest } = jobOf(command);
      assert.deepEqual(
        Object.keys(rest).sort(),
        ["dockerHost", "key", "prefix"],
        "the launcher takes the present image",
      );
      return [name.replace("turnout-test-", ""), { verb, network, docker, volumes }];
    }),
  );
  const admin = "turnout-test-admin";
  const ofColor = (color: string) => ({
    [`backup-${color}`]: { verb: "backup", network: admin, docker: true, volumes: backups },
    [`migration-${color}`]: { verb: "migration", network: admin, docker: true, volumes: journal },
    [`workers-${color}`]: { verb: "workers", network: admin, docker: true, volumes: journal },
    [`smoke-${color}`]: { verb: "smoke", network: admin, docker: false, volumes: journal },
  });
  assert.deepEqual(may, {
    preflight: { verb: "preflight", network: "host", docker: true, volumes: {} },
    "edge-config": { verb: "edge-config", network: admin, docker: false, volumes: journal },
    ...ofColor("blue"),
    ...ofColor("green"),
    shift: { verb: "shift", network: admin, docker: true, volumes: journal },
    sweep: { verb: "sweep", network: admin, docker: true, volumes: journal },
    "sweep-soak": { verb: "sweep", network: admin, docker: true, volumes: journal },
  });
});

test("a job's key follows its triggers: same work, same key", () => {
  const keys = commands.map((command) => [JSON.stringify(command.inputs.triggers), jobOf(command).key] as const);
  for (const [triggers, key] of keys)
    for (const [others, other] of keys) assert.equal(key === other, triggers === others, `${triggers} ${others}`);
});

test("the input of the migration: the color's image in the color's network, secrets by name", () => {
  const given = inputOf(only(resources, types.command, "migration-green-job"));
  assert.deepEqual(given.task, {
    image: "turnout-example-cleaning-api:1.1.0",
    network: "turnout-test-green",
    env: {
      DATABASE_URL_FILE: "/run/secrets/database_url",
      ADMIN_USER: "admin",
      ADMIN_PASSWORD_FILE: "/run/secrets/admin_password",
    },
    user: "10001:10001",
    tmpfs: ["/tmp"],
    secrets: [mounted(resources, "database-url", "", 0), mounted(resources, "admin-password", "", 0)].map((one, i) => ({
      id: one.secretId,
      name: one.secretName,
      file: ["database_url", "admin_password"][i],
    })),
    constraints: ["node.role == manager"],
  });
  assert.deepEqual(given.upgrade, ["alembic", "upgrade", "head"]);
  assert.deepEqual(given.ready, [{ path: "/readyz" }, { path: "/" }]);
  assert.equal(given.lockTimeout, 5);
});

test("the input of the shift: the color, and which workers run in each color", async () => {
  const given = inputOf(only(resources, types.command, "shift-job"));
  const { edge, database, release, thresholds, rollout, ...rest } = given;
  const check = (name: string, path: string, expect: object) => ({ name, method: "GET", path, expect });
  assert.deepEqual(rest, {
    ...{ prefix: "turnout-test", color: "blue", version: "1.0.0", epoch: "first", timeout: 120 },
    ...{ strategy: "blue-green", workerGrace: 600, metrics: null },
    web: [
      { service: "api", replicas: 1 },
      { service: "web", replicas: 1 },
    ],
    workers: { blue: [{ service: "jobs", replicas: 1 }], green: [{ service: "jobs", replicas: 1 }] },
    ready: [{ path: "/readyz" }, { path: "/" }],
    probes: [
      check("api liveness", "/healthz", { status: 200, json: { status: "ok" } }),
      check("api and its database", "/readyz?exclude=jobs", { status: 200, json: { ok: true } }),
      check("web page", "/", { status: 200, contains: "CleanWithSnapshot" }),
    ],
    soakSecrets: [mounted(resources, "edge-token", "", 0), mounted(resources, "database-url", "", 0)].map((one, i) => ({
      ...{ id: one.secretId, name: one.secretName, file: ["edge_token", "database_url"][i] },
    })),
  });
  assert.deepEqual(thresholds, defaultThresholds);
  assert.deepEqual([rollout.bake, rollout.soak, rollout.hold], [60, 1800, 300]);
  assert.equal(database.password, secretValues.databasePassword);
  assert.match(release, /^1\.0\.0-[0-9a-f]{8}$/);
  assert.equal(edge.agentUrl, "http://tasks.turnout-test-agent:8090");
  const alone = await registerProgram({ versions: JSON.stringify({ blue: "1.0.0" }) });
  const { workers } = inputOf(only(alone.resources, types.command, "shift-job"));
  assert.deepEqual(workers.green, [], "a color that is not there has no workers");
});

test("on destroy the unattended jobs are removed before the resources they hold, and at no other time", async () => {
  const sweep = only(resources, types.command, "sweeps-all-job");
  assert.deepEqual(inputOf(sweep), { prefix: "turnout-test", jobs: "all" });
  const earlier = before(resources, `${types.command} sweeps-all-job`);
  assert.ok(
    before(resources, `${types.command} sweeps-soak-job`).has(`${types.command} sweeps-all-job`),
    "the soak's goes first",
  );
  const held = [types.network, types.volume].flatMap((type) => ofType(resources, type));
  assert.equal(held.length, 3 + 4);
  const secrets = ofType(resources, types.secret).filter(({ name }) => /edge-token|database-url/.test(name));
  assert.equal(secrets.length, 2);
  for (const { type, name } of [...held, ...secrets]) assert.ok(earlier.has(`${type} ${name}`), name);
  const changed = await registerProgram(
    { activeColor: "green", versions: JSON.stringify({ green: "1.2.0" }), production: "false" },
    { opsImage: "turnout-ops:2", epoch: "second" },
  );
  assert.deepEqual(only(changed.resources, types.command, "sweeps-all-job").inputs.triggers, sweep.inputs.triggers);
});

test("a soak ends before a secret it holds is removed: after a change of its value, and at no other time", async () => {
  const triggersOf = async (config: Record<string, string>) => {
    const { resources: all } = await registerProgram(config);
    return JSON.stringify(only(all, types.command, "sweeps-soak-job").inputs.triggers);
  };
  assert.deepEqual(inputOf(only(resources, types.command, "sweeps-soak-job")), {
    prefix: "turnout-test",
    jobs: "soak",
  });
  const now = await triggersOf({});
  const secrets = (change: object) => ({ secrets: JSON.stringify({ ...secretValues, ...change }) });
  assert.equal(
    await triggersOf({ activeColor: "green", ...secrets({ adminPassword: "another admin password" }) }),
    now,
  );
  assert.notEqual(await triggersOf(secrets({ edgeToken: "another token of the edge" })), now);
  assert.notEqual(await triggersOf(secrets({ databasePassword: "another password" })), now);
});
