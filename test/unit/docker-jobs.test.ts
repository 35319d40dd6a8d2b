import assert from "node:assert/strict";
import { hostname } from "node:os";
import { type TestContext, test } from "node:test";
import type Docker from "dockerode";
import { StepError } from "../../core/errors.ts";
import { removeJobs, removeServices, soakService } from "../../jobs/swarm/jobs.ts";
import { soakInput } from "../support/soak-world.ts";

test("the service of a soak, whole: given by argv, secrets as files, started again when it fails", (t: TestContext) => {
  const operator = process.env.TURNOUT_OPERATOR;
  process.env.TURNOUT_OPERATOR = "ada@laptop";
  t.after(() => {
    if (operator === undefined) delete process.env.TURNOUT_OPERATOR;
    else process.env.TURNOUT_OPERATOR = operator;
  });
  const secrets = [
    { id: "id-1", name: "shop-edge-token-1", file: "edge_token" },
    { id: "id-2", name: "shop-database-url-1", file: "database_url" },
  ];
  const own = { "turnout.stack": "turnout-test", "turnout.role": "job", "turnout.job": "turnout-test-soak" };
  const file = (name: string) => ({ Name: `/run/secrets/${name}`, UID: "0", GID: "0", Mode: 0o400 });
  assert.deepEqual(soakService("turnout-test-soak-a1b2c3", soakInput, secrets, "turnout-ops:1"), {
    Name: "turnout-test-soak-a1b2c3",
    Labels: own,
    TaskTemplate: {
      ContainerSpec: {
        Image: "turnout-ops:1",
        Args: ["soak", JSON.stringify(soakInput)],
        Labels: own,
        Env: ["TURNOUT_OPERATOR=ada@laptop"],
        ...{ ReadOnly: true, Init: true, CapabilityDrop: ["ALL"] },
        Mounts: [
          { Type: "volume", Source: "turnout-test-journal", Target: "/journal" },
          { Type: "bind", Source: "/var/run/docker.sock", Target: "/var/run/docker.sock" },
          { Type: "tmpfs", Source: "", Target: "/tmp" },
        ],
        Secrets: [
          { SecretID: "id-1", SecretName: "shop-edge-token-1", File: file("edge_token") },
          { SecretID: "id-2", SecretName: "shop-database-url-1", File: file("database_url") },
        ],
      },
      Resources: { Limits: { MemoryBytes: 268_435_456, NanoCPUs: 1_000_000_000 } },
      RestartPolicy: { Condition: "on-failure", Delay: 2_000_000_000 },
      Networks: [{ Target: "turnout-test-admin" }],
      Placement: { Constraints: ["node.role == manager"] },
      LogDriver: { Name: "json-file", Options: { "max-size": "10m", "max-file": "3" } },
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: "dnsrr" },
  });
});

/**
 * A Docker with services and containers of a stack, each `role job`. @param stubborn a container that is not removed
 */
function fakeDocker(services: Record<string, string>, containers: Record<string, string>, stubborn?: string) {
  const removed: string[] = [];
  const asked: unknown[] = [];
  const left = new Map(Object.entries(containers));
  const labelsOf = (words: string) => {
    const [role = "", job = ""] = words.split(" ");
    return { "turnout.stack": "shop", "turnout.role": role, ...(job ? { "turnout.job": job } : {}) };
  };
  const docker = {
    listServices: async (options: unknown) => {
      asked.push(options);
      return Object.entries(services).map(([ID, words]) => ({ ID, Spec: { Labels: labelsOf(words) } }));
    },
    listContainers: async (options: unknown) => {
      asked.push(options);
      return [...left].map(([Id, words]) => ({ Id, Labels: labelsOf(words) }));
    },
    getService: (id: string) => ({ remove: async () => removed.push(id) }),
    getContainer: (id: string) => ({
      remove: async ({ force }: { force: boolean }) => {
        assert.equal(force, true);
        removed.push(id);
        if (id !== stubborn) left.delete(id);
        // The Swarm removes it as well.
        if (id === "racing") throw Object.assign(new Error("removal is in progress"), { statusCode: 409 });
      },
    }),
  } as unknown as Docker;
  return { docker, removed, asked };
}

function clock() {
  let now = 0;
  const sleep = async (milliseconds: number) => {
    now += milliseconds;
  };
  return { now: () => new Date(now), monotonic: () => now, sleep };
}

test("a sweep removes the jobs and tasks of its stack, itself excepted, and leaves the services alone", async () => {
  const { docker, removed, asked } = fakeDocker(
    { soak: "job shop-soak", migration: "task", api: "web", jobs: "worker" },
    { handover: "job shop-handover", racing: "job shop-soak", [`${hostname()}0123`]: "job shop-sweep", api1: "web" },
  );
  await removeJobs(docker, clock(), "shop");
  assert.deepEqual(removed, ["soak", "migration", "handover", "racing"]);
  const filters = { label: ["turnout.stack=shop"] };
  assert.deepEqual(asked, [{ filters }, { all: true, filters }, { all: true, filters }]);
});

test("the end of a soak removes that service alone", async () => {
  const { docker, removed } = fakeDocker({ soak: "job shop-soak", migration: "task", api: "web" }, { soak1: "job" });
  await removeServices(docker, "shop", (job) => job === "shop-soak");
  assert.deepEqual(removed, ["soak"]);
});

test("a container that is not removed is reported, and the wait for it ends", async () => {
  const { docker } = fakeDocker({}, { handover: "job shop-handover" }, "handover");
  await assert.rejects(
    removeJobs(docker, clock(), "shop"),
    new StepError("The jobs of shop were not removed after 60 s: 1 remain"),
  );
});
