import { join } from "node:path";
import { BusyError, command } from "../core/errors.ts";
import { takeLock } from "../shared/flock.ts";

/**
 * The right to change a stack's configuration from this machine. A kernel lock: it ends with this process.
 * @returns what releases it
 * @throws BusyError when another command holds it
 */
export async function lockStack(stack: string): Promise<() => Promise<void>> {
  const release = await takeLock(join(import.meta.dirname, "..", ".turnout", `change-${stack}.lock`), 0);
  if (release === "busy")
    throw new BusyError(
      `Another deploy or rollback of the stack ${stack} is in progress on this machine. Nothing was changed`,
      `wait for it to end (${command("ops -- log", stack)} shows its steps) and try again`,
    );
  return typeof release === "function" ? release : async () => undefined;
}
