import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { Socket } from "node:net";
import { dirname } from "node:path";

/** The exit code of `flock` when another process holds the lock. */
const held = 75;

/**
 * Takes a kernel lock on a file. A helper process holds it until this process closes the helper's input, which also
 * happens when this process is killed: the lock cannot go stale.
 * @param file the lock file; it is created when it does not exist, and never removed
 * @param seconds how long to wait for the lock; 0 not at all, `Infinity` forever
 * @returns a function that releases the lock, or why there is none: another process holds it, or there is no `flock`
 */
export async function takeLock(
  file: string,
  seconds: number,
): Promise<(() => Promise<void>) | "busy" | "no flock here"> {
  await mkdir(dirname(file), { recursive: true });
  const wait = seconds === Infinity ? [] : seconds === 0 ? ["--nonblock"] : ["--wait", String(seconds)];
  const argv = [...wait, "--conflict-exit-code", String(held), file, "sh", "-c", "echo held; exec cat >/dev/null"];
  const holder = spawn("flock", argv, { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise<number | null>((resolve) => {
    holder.on("error", () => resolve(null));
    holder.on("exit", resolve);
  });
  const code = await Promise.race([once(holder.stdout, "data").then(() => "held" as const), ended]);
  if (code === held) return "busy";
  if (code !== "held") return "no flock here";
  // This process may exit without releasing the lock; the helper must not keep it running.
  holder.unref();
  for (const pipe of [holder.stdin, holder.stdout]) if (pipe instanceof Socket) pipe.unref();
  return async () => {
    holder.ref();
    holder.stdin.end();
    await ended;
  };
}
