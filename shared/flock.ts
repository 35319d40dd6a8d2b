import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { Socket } from "node:net";
import { dirname } from "node:path";

/** The exit code by which `flock` says that somebody else holds the lock. */
const held = 75;

/**
 * Takes the kernel's lock on a file. A helper process holds it until this process lets go of the helper's input, which
 * also happens when this process is killed: the lock cannot go stale.
 * @param file the lock file; it is made when it is not there and never removed
 * @param seconds how long to wait for the one who holds it; 0 not at all, `Infinity` for ever
 * @returns what gives it back, or why there is no lock: somebody else has it, or this system has no `flock`
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
  // Who holds a lock may end without giving it back; the helper keeps nobody from that.
  holder.unref();
  for (const pipe of [holder.stdin, holder.stdout]) if (pipe instanceof Socket) pipe.unref();
  return async () => {
    holder.ref();
    holder.stdin.end();
    await ended;
  };
}
