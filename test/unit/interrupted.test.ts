import assert from "node:assert/strict";
import { test } from "node:test";
import { isInterrupted, leftovers, withoutPending } from "../../core/deploy/interrupted.ts";

const own = [{ label: "turnout.stack", value: "shop-prod" }];
const pending = (type: string, token: string, inputs: object) => ({ type, resource: { type: token, inputs } });
const state = (...operations: ReturnType<typeof pending>[]) => ({
  version: 3,
  deployment: { manifest: {}, resources: [{ urn: "kept" }], pending_operations: operations },
});

test("what was being made and carries the stack's label is left over", () => {
  const cut = state(
    pending("creating", "docker:index/service:Service", { name: "shop-prod-green-api", labels: own }),
    pending("creating", "docker:index/network:Network", { name: "shop-prod-green", labels: own }),
    pending("creating", "docker:index/secret:Secret", { name: "shop-prod-key-1", labels: own }),
  );
  assert.equal(isInterrupted(cut), true);
  assert.deepEqual(leftovers(cut, "shop-prod"), [
    { kind: "service", name: "shop-prod-green-api" },
    { kind: "network", name: "shop-prod-green" },
    { kind: "secret", name: "shop-prod-key-1" },
  ]);
});

test("data, jobs, other stacks and other operations are never left over", () => {
  const cut = state(
    pending("creating", "docker:index/volume:Volume", { name: "shop-prod-db", labels: own }),
    pending("creating", "command:local:Command", { create: "backup" }),
    pending("creating", "docker:index/service:Service", { name: "shop-prod-green-api" }),
    pending("creating", "docker:index/service:Service", {
      name: "other-green-api",
      labels: [{ label: "turnout.stack", value: "other" }],
    }),
    pending("updating", "docker:index/service:Service", { name: "shop-prod-edge", labels: own }),
    pending("deleting", "docker:index/service:Service", { name: "shop-prod-agent", labels: own }),
  );
  assert.deepEqual(leftovers(cut, "shop-prod"), []);
});

test("the cleared state has everything but what was being created", () => {
  const updating = pending("updating", "docker:index/service:Service", { name: "shop-prod-edge", labels: own });
  const cut = state(pending("creating", "command:local:Command", {}), updating);
  const result = withoutPending(cut);
  assert.deepEqual(result, { ...cut, deployment: { ...cut.deployment, pending_operations: [updating] } });
  assert.equal(isInterrupted(result), false);
});

test("a state without operations, or without anything, is not interrupted", () => {
  for (const whole of [{}, { deployment: {} }, { deployment: { pending_operations: null } }]) {
    assert.equal(isInterrupted(whole), false);
    assert.deepEqual(leftovers(whole, "shop-prod"), []);
  }
});
