import { takeLock } from "../shared/flock.ts";

/**
 * Runs `work` while holding a kernel lock on a file. Without `flock` on this system there is no lock.
 * @param file the lock file; created if it does not exist, and never removed
 * @param wait called once when another process holds the lock
 */
export async function withLock<T>(file: string, work: () => Promise<T>, wait: () => void): Promise<T> {
  let release = await takeLock(file, 0);
  if (release === "busy") {
    wait();
    release = await takeLock(file, Infinity);
  }
  try {
    return await work();
  } finally {
    if (typeof release === "function") await release();
  }
}
