import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingObserved } from "../../core/deploy/observed.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { cleaning } from "../../systems/cleaning.ts";
import { validConfig } from "../support/config.ts";
import { register, types } from "../support/mocks.ts";

test("providers given to the components reach every resource", async () => {
  const settings = parseSettings({ ...validConfig }, { cleaning }, "test");
  const { resources } = await register(async () => {
    const docker = await import("@pulumi/docker");
    const command = await import("@pulumi/command");
    const { compose } = await import("../../components/compose.ts");
    const server = new docker.Provider("server", { host: "ssh://deploy@prod" });
    const operator = new command.Provider("operator");
    const images = { ops: "turnout-ops:1", edge: "turnout-edge:1", postgres: "turnout-postgres:1" };
    const args = { prefix: "turnout-test", system: cleaning, settings, observed: nothingObserved, images };
    return compose({ ...args, dockerHost: server.host.apply((host) => host ?? "") }, { providers: [server, operator] });
  });
  const wired = resources.filter(({ custom, type }) => custom && !type.startsWith("pulumi:providers:"));
  assert.equal(wired.length, 9 + 3 + 4 + 4 + 6 + 13, "services, networks, volumes, secrets, images, commands");
  for (const { type, name, provider } of wired)
    assert.match(provider, type === types.command ? /command::operator::/ : /docker::server::/, name);
  const [job] = resources.filter(({ name }) => name === "shift-job");
  assert.match(JSON.stringify(job?.inputs.environment), /ssh:\/\/deploy@prod/, "an output is as good as a text");
});
