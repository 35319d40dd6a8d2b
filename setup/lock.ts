import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/** The exit code by which `flock` says that somebody else holds the lock. */
const held = 75;

/**
 * Runs `work` while holding a kernel lock on a file. A helper process holds it until this process lets go of the
 * helper's input, which also happens when this process is killed: the lock cannot go stale.
 * Without `flock` on this system there is no lock.
 * @param file the lock file; it is made when it is not there and never removed
 * @param wait called once when another process holds the lock
 */
export async function withLock<T>(file: string, work: () => Promise<T>, wait: () => void): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  let release = await acquire(file, ["--nonblock", "--conflict-exit-code", String(held)]);
  if (!release) {
    wait();
    release = await acquire(file, []);
  }
  try {
    return await work();
  } finally {
    await release?.();
  }
}

/** @returns undefined when somebody else holds the lock */
async function acquire(file: string, options: string[]): Promise<(() => Promise<void>) | undefined> {
  const holder = spawn("flock", [...options, file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = new Promise<number | null>((resolve) => {
    holder.on("error", () => resolve(null));
    holder.on("exit", resolve);
  });
  const code = await Promise.race([once(holder.stdout, "data").then(() => undefined), ended]);
  if (code === held) return undefined;
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
