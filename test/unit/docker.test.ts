import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DockerEngine } from "../../jobs/swarm/docker.ts";

/** A Docker with given answers. */
async function engine(t: TestContext, answer: RequestListener): Promise<DockerEngine> {
  const directory = mkdtempSync(join(tmpdir(), "turnout-docker-"));
  const socket = join(directory, "docker.sock");
  const server = createServer(answer).listen(socket);
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });
  await once(server, "listening");
  return new DockerEngine(socket);
}

test("how many replicas are wanted, by service", async (t) => {
  const asked: string[] = [];
  const docker = await engine(t, (request, response) => {
    asked.push(decodeURIComponent(request.url ?? ""));
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify([
        { ID: "1", Spec: { Name: "shop-blue-api", Mode: { Replicated: { Replicas: 2 } } } },
        { ID: "2", Spec: { Name: "shop-green-api", Mode: { Replicated: { Replicas: 0 } } } },
      ]),
    );
  });
  assert.deepEqual(
    [...(await docker.wantedReplicas("shop"))],
    [
      ["shop-blue-api", 2],
      ["shop-green-api", 0],
    ],
  );
  assert.deepEqual(asked, ['/services?filters={"label":["turnout.stack=shop"]}']);
});

test("a Docker that does not say how many are wanted is not waited for", { timeout: 10_000 }, async (t) => {
  const docker = await engine(t, () => undefined);
  await assert.rejects(docker.wantedReplicas("shop"), { name: /AbortError|TimeoutError/ });
});

test("a service that the Swarm itself has just written to is read and scaled again", async (t) => {
  let version = 7;
  const updates: string[] = [];
  const docker = await engine(t, (request, response) => {
    const url = request.url ?? "";
    response.setHeader("content-type", "application/json");
    if (request.method === "GET")
      return response.end(
        JSON.stringify({ Spec: { Name: "jobs", Mode: { Replicated: { Replicas: 1 } } }, Version: { Index: version } }),
      );
    updates.push(url);
    response.statusCode = updates.length < 3 ? 500 : 200;
    version++;
    response.end(JSON.stringify(updates.length < 3 ? { message: "rpc error: update out of sequence" } : {}));
  });
  await docker.scale("jobs", 0);
  assert.deepEqual(
    updates.map((url) => /version=(\d+)/.exec(url)?.[1]),
    ["7", "8", "9"],
  );
});

test("a service that cannot be scaled for another reason is not tried again", async (t) => {
  let updates = 0;
  const docker = await engine(t, (request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.method === "GET")
      return response.end(JSON.stringify({ Spec: { Mode: { Replicated: { Replicas: 1 } } }, Version: { Index: 1 } }));
    updates++;
    response.statusCode = 500;
    response.end(JSON.stringify({ message: "no quorum" }));
  });
  await assert.rejects(docker.scale("jobs", 0), /no quorum/);
  assert.equal(updates, 1);
});
