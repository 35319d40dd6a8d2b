import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { execa } from "execa";

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
  const release =
    (await acquire(file, ["--nonblock", "--conflict-exit-code", String(held)])) ?? (await queue(file, wait));
  try {
    return await work();
  } finally {
    await release();
  }
}

type Release = () => Promise<void>;

async function queue(file: string, wait: () => void): Promise<Release> {
  wait();
  return (await acquire(file, [])) ?? (async () => {});
}

/** @returns undefined when somebody else holds the lock */
async function acquire(file: string, options: string[]): Promise<Release | undefined> {
  const holder = execa("flock", [...options, file, "sh", "-c", "echo held; exec cat"], {
    reject: false,
    buffer: false,
  });
  for await (const line of holder.iterable()) {
    if (line !== "held") continue;
    return async () => {
      holder.stdin.end();
      await holder;
    };
  }
  const { exitCode } = await holder;
  return exitCode === held ? undefined : async () => {};
}
