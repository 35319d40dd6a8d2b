import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { labels } from "../../core/names.ts";
import { isLocalEngine } from "../../setup/docker.ts";
import { takeLock } from "../../shared/flock.ts";

/** A name for what a test puts into Docker, held by this process: others can tell whether its test still runs. */
export interface OwnName {
  readonly name: string;
  /** Removes everything with the name from Docker, whatever state it is in, and lets go of the name. */
  remove(): Promise<void>;
}

/** Names as `ownName` gives them, and no others: a stack that somebody calls `it-shop` is nobody's leftover. */
const given = /^turnout-(it|test-[a-z]+)-[0-9a-f]{6}$/;

/**
 * Takes a name of its own for a test. Whatever is made under it carries the label `turnout.stack=<name>`.
 * @param kind `it` for a whole stack, `test-<what>` for less
 */
export async function ownName(kind: "it" | `test-${string}`): Promise<OwnName> {
  const name = `turnout-${kind}-${randomBytes(3).toString("hex")}`;
  const letGo = await takeLock(lockOf(name), 0);
  return {
    name,
    async remove() {
      await removeByLabel(name);
      if (typeof letGo === "function") await letGo();
      await rm(lockOf(name), { force: true });
    },
  };
}

/**
 * Removes what tests that were killed have left in Docker. It would come back with each start of the daemon, and take the
 * machine's time from the tests that run now. A test that still runs holds its name, and keeps what is its own; whatever
 * was not made by a test of this machine, which the lock file proves, is not touched, nor is an engine elsewhere.
 */
export async function removeLeftBehind(say: (line: string) => void): Promise<void> {
  if (!isLocalEngine()) return;
  for (const name of (await namesInDocker()).filter(isLeftovers)) {
    const letGo = await takeLock(lockOf(name), 0);
    if (typeof letGo !== "function") continue;
    say(`removing ${name}, which a test that was killed has left behind`);
    await removeByLabel(name);
    await letGo();
    await rm(lockOf(name), { force: true });
  }
}

/** Whether a test of this machine has taken the name, and not given it back. */
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
  // The tasks of a service go a little later than it, and hold its network and its volumes.
  const inTheirOrder = [
    ["containers", ["ps", "--all"], ["rm", "--force", "--volumes"]],
    ["networks", ["network", "ls"], ["network", "rm"]],
    ["volumes", ["volume", "ls"], ["volume", "rm"]],
  ] as const;
  for (const [what, listing, dropping] of inTheirOrder)
    for (let left = await list(...listing); left.length > 0; left = await list(...listing)) {
      await drop(left, ...dropping);
      if (Date.now() > deadline) throw new Error(`${what} of ${name} do not go away`);
    }
}
