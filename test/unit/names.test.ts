import assert from "node:assert/strict";
import { test } from "node:test";
import { colors, isColor, otherColor } from "../../core/color.ts";
import { edgeAddress } from "../../core/edge/address.ts";
import { edgePorts, labels, names, stackPrefix, tasksOf } from "../../core/names.ts";

test("every name begins with the project and the stack", () => {
  const { service, colorNetwork, job, ...fixed } = names(stackPrefix("turnout", "prod"));
  assert.deepEqual(fixed, {
    prefix: "turnout-prod",
    adminNetwork: "turnout-prod-admin",
    edge: "turnout-prod-edge",
    agent: "turnout-prod-agent",
    database: "turnout-prod-db",
    edgeVolume: "turnout-prod-edge",
    databaseVolume: "turnout-prod-db",
    backupsVolume: "turnout-prod-backups",
    journalVolume: "turnout-prod-journal",
  });
  assert.equal(service("green", "api"), "turnout-prod-green-api");
  assert.equal(colorNetwork("blue"), "turnout-prod-blue");
  assert.equal(job("shift"), "turnout-prod-shift");
  assert.equal(tasksOf("x"), "tasks.x");
  assert.deepEqual(labels, { stack: "turnout.stack", role: "turnout.role" });
  assert.deepEqual(edgePorts, { public: 8080, preview: 8081, inside: 8082, whoami: 8404, agent: 8090 });
});

test("jobs reach the edge by the addresses of its tasks", () => {
  assert.deepEqual(edgeAddress("turnout-prod", { secrets: { edgeToken: "t" } }), {
    agentUrl: "http://tasks.turnout-prod-agent:8090",
    token: "t",
    publicUrl: "http://tasks.turnout-prod-edge:8080",
    previewUrl: "http://tasks.turnout-prod-edge:8081",
    insideUrl: "http://tasks.turnout-prod-edge:8082",
  });
});

test("there are two colors", () => {
  assert.deepEqual([...colors], ["blue", "green"]);
  for (const color of colors) {
    assert.ok(isColor(color));
    assert.notEqual(otherColor(color), color);
    assert.equal(otherColor(otherColor(color)), color);
  }
  for (const other of ["red", "", "Blue", null, undefined, 0]) assert.ok(!isColor(other));
});
