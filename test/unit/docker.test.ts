import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DockerEngine } from "../../ops/docker.ts";

/** A Docker that answers as told. */
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
