import { readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the engine writes into a lock of its file backend. */
interface Lock {
  pid: number;
  hostname: string;
  timestamp: string;
}

/**
 * Removes the lock that a killed engine left on a stack's state: only if it was taken on this host by a process that is
 * certainly no longer running. Any other lock stays, and the engine reports who holds it.
 * @param backend the backend's URL; only `file://` keeps locks as files
 * @returns a sentence for each lock removed
 */
export async function clearStaleLocks(backend: string, project: string, stack: string): Promise<string[]> {
  if (!backend.startsWith("file:///")) return [];
  const folder = join(fileURLToPath(backend), ".pulumi", "locks", "organization", project, stack);
  const removed: string[] = [];
  for (const file of await readdir(folder).catch(() => [])) {
    const path = join(folder, file);
    const lock = await readFile(path, "utf8").then(parse, () => undefined);
    if (!lock || lock.hostname !== hostname() || isAlive(lock.pid)) continue;
    await rm(path, { force: true });
    removed.push(
      `Removed a stale state lock: the update started at ${lock.timestamp} (process ${lock.pid}) is no longer running.`,
    );
  }
  return removed;
}

function parse(text: string): Lock | undefined {
  try {
    const { pid, hostname: host, timestamp } = JSON.parse(text) as Partial<Lock>;
    return pid && host ? { pid, hostname: host, timestamp: timestamp ?? "an unknown time" } : undefined;
  } catch {
    return undefined;
  }
}

/** A process that this user may not signal is alive, too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
