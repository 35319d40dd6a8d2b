import { type FileHandle, open, readFile } from "node:fs/promises";
import { BusyError, command, StepError } from "../core/errors.ts";
import type { JournalRecord } from "../core/journal/records.ts";
import { takeLock } from "../shared/flock.ts";

/**
 * What happened, as append-only JSON lines on a volume of the server. A record is on the disk when `append`
 * returns. The lock is the kernel's on the journal's file, so it ends with its holder and cannot go stale.
 */
export class Journal {
  readonly #file: string;
  readonly #stack: string;

  /** @param stack the stack it is of, for the commands in messages. Default dev */
  constructor(directory: string, stack = "dev") {
    this.#file = `${directory}/journal.jsonl`;
    this.#stack = stack;
  }

  /** Adds one record. @throws StepError when the disk does not take it */
  async append(record: JournalRecord): Promise<void> {
    try {
      const handle = await open(this.#file, "a+");
      try {
        // A line that a crash cut short must not swallow this one.
        await handle.appendFile(`${(await endsInLine(handle)) ? "" : "\n"}${JSON.stringify(record)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw new StepError(
        `The journal cannot be written (${(error as Error).message}), and no change is begun unrecorded`,
        "make room on the server's disk and run it again",
      );
    }
  }

  /** All records, oldest first. A last line that a crash cut short is left out. */
  async read(): Promise<JournalRecord[]> {
    const text = await readFile(this.#file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    return text.split("\n").flatMap((line) => {
      try {
        return line ? [JSON.parse(line) as JournalRecord] : [];
      } catch {
        return [];
      }
    });
  }

  /**
   * Takes the lock that lets one job at a time change the system.
   * @param seconds how long to wait for the one who holds it
   * @param locks whether a step takes the lock while it runs; others may have begun since. Default: every step does
   * @returns what gives it back; the end of this process does so too
   * @throws BusyError naming the holder
   */
  async lock(seconds: number, locks: (step: string) => boolean = () => true): Promise<() => Promise<void>> {
    const release = await takeLock(this.#file, seconds);
    if (release === "busy") {
      const waited = seconds > 0 ? `; it was waited for ${seconds} s` : "";
      throw new BusyError(
        `${lockHolder(await this.read(), locks)}${waited}`,
        `wait for it to end (${command("ops -- log", this.#stack)} shows its steps) and run this again`,
      );
    }
    if (typeof release !== "function") throw new StepError("The journal cannot be locked: there is no `flock` here");
    return release;
  }
}

/** Who holds the lock and since when, by the last step that took it and has not ended. */
function lockHolder(records: readonly JournalRecord[], locks: (step: string) => boolean): string {
  const own = records.filter((record) => locks(record.step));
  const at = own.findLastIndex((record) => record.event === "started");
  const holder = own[at];
  if (!holder || own.slice(at).some((record) => record.event === "done" || record.event === "failed"))
    return "Another job holds the lock of this stack";
  const of = holder.release ? ` of ${holder.release}` : "";
  return `The step ${holder.step}${of}, started by ${holder.operator} at ${holder.at}, still holds the lock of this stack`;
}

async function endsInLine(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return true;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() === "\n";
}
