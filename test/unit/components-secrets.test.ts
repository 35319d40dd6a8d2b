import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jobArgv } from "../../core/jobs/argv.ts";
import { secretValues } from "../support/config.ts";
import { ofType, only, registerProgram, types } from "../support/mocks.ts";

const { resources } = await registerProgram();
const { secretName } = await import("../../components/swarm-service.ts");

test("no secret is anywhere but in the jobs' stdin and the secrets' data", () => {
  const sealed = ["stdin", "data"];
  for (const resource of resources) {
    const open = Object.entries(resource.inputs).filter(
      ([key]) => !(sealed.includes(key) && resource.secrets.includes(key)),
    );
    const text = JSON.stringify([resource.name, open]);
    for (const [key, value] of Object.entries(secretValues))
      for (const form of [value, encodeURIComponent(value), Buffer.from(value).toString("base64")])
        assert.ok(!text.includes(form), `${resource.name} shows ${key}`);
  }
});

test("Swarm secrets hold the value, and the connection string escapes it", () => {
  const held = Object.fromEntries(
    ofType(resources, types.secret).map((one) => {
      assert.deepEqual(one.secrets, ["data"]);
      const name = String(one.inputs.name);
      assert.ok(name.endsWith(one.name.slice(-8)), "the resource changes with the value");
      return [name.replace(/-[0-9a-f]{8}$/, ""), Buffer.from(String(one.inputs.data), "base64").toString("utf8")];
    }),
  );
  const { "turnout-test-database-url": url = "", ...rest } = held;
  assert.deepEqual(rest, {
    "turnout-test-database-password": secretValues.databasePassword,
    "turnout-test-edge-token": secretValues.edgeToken,
    "turnout-test-admin-password": secretValues.adminPassword,
  });
  const parsed = new URL(url);
  assert.equal(decodeURIComponent(parsed.password), secretValues.databasePassword);
  assert.equal(
    `${parsed.protocol}//${parsed.username}@${parsed.host}${parsed.pathname}`,
    "postgresql://cleaning@tasks.turnout-test-db:5432/cleaning",
  );
});

test("another value of a secret is another secret", async () => {
  const other = await registerProgram({ secrets: JSON.stringify({ ...secretValues, adminPassword: "another" }) });
  const [old, now] = [resources, other.resources].map(
    (all) => new Set(ofType(all, types.secret).map((one) => String(one.inputs.name))),
  );
  const gone = [...(old ?? [])].filter((one) => !now?.has(one));
  assert.equal(gone.length, 1);
  assert.match(gone[0] ?? "", /^turnout-test-admin-password-/);
});

test("no secret of the program is in any job's command line, whatever the secrets are", async () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9+/=@ "'$-]{16,40}$/).filter((one) => !/^(turnout|tasks)/.test(one));
  await fc.assert(
    fc.asyncProperty(secret, secret, secret, async (databasePassword, edgeToken, adminPassword) => {
      const secrets = { databasePassword, edgeToken, adminPassword };
      const { resources } = await registerProgram({ secrets: JSON.stringify(secrets) });
      const stdin = JSON.parse(String(only(resources, types.command, "smoke-blue-job").inputs.stdin));
      assert.equal(stdin.edge.token, edgeToken);
      assert.equal(stdin.secrets.adminPassword, adminPassword);
      for (const command of ofType(resources, types.command)) {
        const environment = command.inputs.environment as { TURNOUT_JOB: string };
        const argv = jobArgv(JSON.parse(environment.TURNOUT_JOB), "x").join("\0");
        for (const value of Object.values(secrets)) {
          assert.ok(!argv.includes(value));
          assert.ok(!JSON.stringify([environment, command.inputs.triggers]).includes(value));
        }
      }
    }),
    { numRuns: 5 },
  );
});

test("a secret's name changes with its value and does not show it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 9 }), fc.string({ minLength: 9 }), (one, other) => {
      const name = secretName("turnout-prod", "databasePassword", one);
      assert.match(name, /^turnout-prod-database-password-[0-9a-f]{8}$/);
      assert.ok(!name.includes(one));
      assert.equal(name === secretName("turnout-prod", "databasePassword", other), one === other);
      assert.notEqual(name, secretName("turnout-test", "databasePassword", one).replace("test", "prod"));
    }),
  );
});
