import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { labels } from "../../core/names.ts";
import { isLocalEngine } from "../../setup/docker.ts";
import { takeLock } from "../../shared/flock.ts";

/**
 * A name for what a test creates in Docker, locked by this process, so that others can see whether its test still runs.
 */
export interface OwnName {
  readonly name: string;
  /** Removes everything with the name from Docker, in whatever state, and unlocks the name. */
  remove(): Promise<void>;
}

/** The form of names from `ownName`, and no others: a person's stack `it-shop` is not a leftover. */
const given = /^turnout-(it|test-[a-z]+)-[0-9a-f]{6}$/;

/**
 * Reserves a name for a test. Everything created under it carries the label `turnout.stack=<name>`.
 * @param kind `it` for a whole stack, `test-<what>` for less
 */
export async function ownName(kind: "it" | `test-${string}`): Promise<OwnName> {
  const name = `turnout-${kind}-${randomBytes(3).toString("hex")}`;
  const unlock = await takeLock(lockOf(name), 0);
  return {
    name,
    async remove() {
      await removeByLabel(name);
      if (typeof unlock === "function") await unlock();
      await rm(lockOf(name), { force: true });
    },
  };
}

/**
 * Removes what killed tests have left in Docker. Otherwise it would restart with each start of the daemon and slow down
 * other tests. A running test holds the lock of its name and keeps its containers. Anything that was not created by a
 * test of this machine, as the lock file proves, is not touched, nor is an engine elsewhere.
 */
export async function removeLeftBehind(say: (line: string) => void): Promise<void> {
  if (!isLocalEngine()) return;
  for (const name of (await namesInDocker()).filter(isLeftovers)) {
    const unlock = await takeLock(lockOf(name), 0);
    if (typeof unlock !== "function") continue;
    say(`removing ${name}, left behind by a killed test`);
    await removeByLabel(name);
    await unlock();
    await rm(lockOf(name), { force: true });
  }
}

/** Whether a test of this machine has reserved the name and not removed it. */
export function isLeftovers(name: string): boolean {
  return given.test(name) && existsSync(lockOf(name));
}

function lockOf(name: string): string {
  return join(tmpdir(), `${name}.lock`);
}

async function namesInDocker(): Promise<string[]> {
  const listed = async (...argv: string[]) => {
    const format = ["--format", `{{.Label "${labels.stack}"}}`];
    return (await execa("docker", [...argv, "--filter", `label=${labels.stack}`, ...format])).stdout.split("\n");
  };
  const kinds = [
    ["ps", "--all"],
    ["volume", "ls"],
    ["network", "ls"],
  ];
  const all = (await Promise.all(kinds.map((kind) => listed(...kind)))).flat();
  return [...new Set(all.filter(Boolean))].toSorted();
}

async function removeByLabel(name: string): Promise<void> {
  const filter = ["--filter", `label=${labels.stack}=${name}`];
  const list = async (...argv: string[]) => {
    const { stdout } = await execa("docker", [...argv, "--quiet", ...filter]);
    return stdout.split("\n").filter(Boolean);
  };
  const drop = async (ids: string[], ...argv: string[]) => {
    if (ids.length > 0) await execa("docker", [...argv, ...ids], { reject: false });
  };
  await drop(await list("service", "ls"), "service", "rm");
  await drop(await list("secret", "ls"), "secret", "rm");
  const deadline = Date.now() + 60_000;
  // The tasks of a service are removed a little later than the service, and hold its network and volumes.
  const inTheirOrder = [
    ["containers", ["ps", "--all"], ["rm", "--force", "--volumes"]],
    ["networks", ["network", "ls"], ["network", "rm"]],
    ["volumes", ["volume", "ls"], ["volume", "rm"]],
  ] as const;
  for (const [what, listing, dropping] of inTheirOrder)
    for (let left = await list(...listing); left.length > 0; left = await list(...listing)) {
      await drop(left, ...dropping);
      if (Date.now() > deadline) throw new Error(`${what} of ${name} were not removed`);
    }
}
