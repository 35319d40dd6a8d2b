import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joinInput, splitInput, stableJson } from "../../core/jobs/secrets.ts";

const input = {
  prefix: "turnout-prod",
  edge: { agentUrl: "http://agent", token: "the token" },
  database: { host: "db", port: 5432, password: "the password" },
  secrets: { adminPassword: "the admin's" },
  upgrade: ["alembic", "upgrade", "head"],
};

test("the token, the password and the named secrets are the secret part, all else is plain", () => {
  assert.deepEqual(splitInput(input), {
    plain: {
      prefix: "turnout-prod",
      edge: { agentUrl: "http://agent" },
      database: { host: "db", port: 5432 },
      upgrade: ["alembic", "upgrade", "head"],
    },
    secret: {
      edge: { token: "the token" },
      database: { password: "the password" },
      secrets: { adminPassword: "the admin's" },
    },
  });
  assert.deepEqual(splitInput({ edge: { agentUrl: "x" } }), { plain: { edge: { agentUrl: "x" } }, secret: {} });
});

test("both parts together are the input again", () => {
  const { plain, secret } = splitInput(input);
  assert.deepEqual(joinInput(plain, secret), input);
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.array(fc.string()));
  const key = fc.constantFrom("token", "password", "host", "port");
  const group = fc.dictionary(key, leaf, { noNullPrototype: true });
  const any = fc.record(
    { edge: group, database: group, secrets: group, color: fc.string() },
    { requiredKeys: [], noNullPrototype: true },
  );
  fc.assert(
    fc.property(any, (one) => {
      const split = splitInput(one);
      assert.deepEqual({ ...joinInput(split.plain, split.secret) }, { ...one });
      assert.ok(!("secrets" in split.plain));
    }),
  );
});

test("the same value is the same text, whatever the order of its keys", () => {
  assert.equal(stableJson({ b: 1, a: { d: [{ z: 1, y: 2 }], c: null } }), '{"a":{"c":null,"d":[{"y":2,"z":1}]},"b":1}');
});
