import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { execa } from "execa";
import { ownName, removeLeftBehind } from "../support/left-behind.ts";
import { poll } from "../support/poll.ts";

const named = async (name: string) =>
  (await execa("docker", ["volume", "ls", "--quiet", "--filter", `label=turnout.stack=${name}`])).stdout;

test("leftovers of a killed test are removed before other tests; those of a running test are not", {
  timeout: 60_000,
}, async (t) => {
  const alive = await ownName("test-alive");
  t.after(() => alive.remove());
  await execa("docker", ["volume", "create", "--label", `turnout.stack=${alive.name}`, alive.name]);

  const child = spawn(process.execPath, ["--input-type=module", "--eval", killed], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [dead] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  const lines: string[] = [];
  await removeLeftBehind((line) => lines.push(line));
  assert.equal(await named(dead), dead);
  child.kill("SIGKILL");
  await once(child, "close");

  await poll("the end of the leftovers", 20, async () => {
    await removeLeftBehind((line) => lines.push(line));
    return (await named(dead)) === "" ? true : undefined;
  });
  assert.deepEqual(
    lines.filter((line) => line.includes(dead)),
    [`removing ${dead}, left behind by a killed test`],
  );
  assert.equal(await named(alive.name), alive.name);
  assert.ok(!lines.some((line) => line.includes(alive.name)));
  await alive.remove();
  assert.equal(await named(alive.name), "");
});

const killed = `
  import { execa } from "execa";
  import { ownName } from "${import.meta.resolve("../support/left-behind.ts")}";
  const { name } = await ownName("test-killed");
  await execa("docker", ["volume", "create", "--label", "turnout.stack=" + name, name]);
  process.stdout.write(name);
  setInterval(() => {}, 1000);
`;
