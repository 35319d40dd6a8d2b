import assert from "node:assert/strict";
import { test } from "node:test";
import { register, types } from "../support/mocks.ts";

test("a provider given to a component reaches its children", async () => {
  const { resources } = await register(async () => {
    const docker = await import("@pulumi/docker");
    const { Network } = await import("../../components/network.ts");
    const server = new docker.Provider("server", { host: "ssh://deploy@prod" });
    return new Network("network", { prefix: "turnout-prod" }, { providers: [server] });
  });
  const children = resources.filter(({ type }) => type === types.network);
  assert.equal(children.length, 3);
  for (const { name, provider } of children) assert.match(provider, /docker::server::/, name);
});
