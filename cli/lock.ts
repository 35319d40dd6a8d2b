import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { BusyError } from "../core/errors.ts";

/**
 * The right to change a stack's configuration from this machine. A kernel lock: it ends with this process.
 * @returns what gives it back
 * @throws BusyError when another command has it
 */
export async function lockStack(stack: string): Promise<() => void> {
  const folder = join(import.meta.dirname, "..", ".turnout");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `change-${stack}.lock`);
  const holder = spawn("flock", ["--nonblock", file, "sh", "-c", "echo locked; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const first = await Promise.race([
    once(holder.stdout, "data").then(() => "locked" as const),
    once(holder, "close").then(() => "refused" as const),
  ]);
  if (first === "refused")
    throw new BusyError(
      `Another deploy or rollback of the stack ${stack} is under way from this machine; nothing was changed`,
      "wait for it to end (npm run ops -- log shows its steps) and try again",
    );
  return () => holder.stdin.end();
}
