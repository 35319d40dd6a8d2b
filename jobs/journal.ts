import { open, readFile } from "node:fs/promises";
import { BusyError, command, StepError } from "../core/errors.ts";
import { firstPrev, hashOf } from "../core/journal/chain.ts";
import { recordVersion } from "../core/journal/fields.ts";
import { type JournalContents, readJournal } from "../core/journal/reader.ts";
import { type JournalEvent, type JournalRecord, kindOf } from "../core/journal/records.ts";
import { takeLock } from "../shared/flock.ts";
import { lastLine } from "./last-line.ts";

/** Seconds to wait for another process to finish its append, which takes milliseconds. */
const appendPatience = 10;

/** Who writes a journal, and by what means. */
export interface JournalOptions {
  /** The stack it is of, for the commands in messages. Default dev */
  stack?: string;
  /** Who changes the system. Default unknown */
  operator?: string;
  /** The wall clock. Default the real one */
  now?: () => Date;
  /** Takes a lock. Default the kernel's */
  takeLock?: typeof takeLock;
}

/**
 * What happened, as append-only JSON lines on a volume of the server: the only writer of that file. A record is on the disk
 * when `append` returns. Two kernel locks, which end with their holders and cannot go stale: the one on the file lets one
 * job at a time change the system; the one on its directory is held for each append.
 */
export class Journal {
  readonly #directory: string;
  readonly #file: string;
  readonly #stack: string;
  readonly #operator: string;
  readonly #now: () => Date;
  readonly #takeLock: typeof takeLock;

  constructor(directory: string, options: JournalOptions = {}) {
    this.#directory = directory;
    this.#file = `${directory}/journal.jsonl`;
    this.#stack = options.stack ?? "dev";
    this.#operator = options.operator ?? "unknown";
    this.#now = options.now ?? (() => new Date());
    this.#takeLock = options.takeLock ?? takeLock;
  }

  /**
   * Adds one record: the event with its version, time, operator and the hash of the line before.
   * @returns the head of the chain: the hash of the new line
   * @throws StepError when the disk does not take it
   */
  async append(event: JournalEvent): Promise<string> {
    const unlock = await this.#lockAppend();
    try {
      return await this.#write(event);
    } catch (error) {
      throw unwritable((error as Error).message, "free disk space on the server and retry");
    } finally {
      await unlock();
    }
  }

  /** The records, oldest first, and the lines that are none. */
  async read(): Promise<JournalContents> {
    return readJournal(await this.bytes());
  }

  /** The file as it is; empty before the first record. */
  async bytes(): Promise<Uint8Array> {
    return readFile(this.#file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return new Uint8Array();
      throw error;
    });
  }

  /**
   * Takes the lock that lets one job at a time change the system.
   * @param seconds how long to wait for its holder
   * @param locks whether a step takes the lock while it runs; others may have begun since. Default: every step does
   * @returns what gives it back; the end of this process does so too
   * @throws BusyError naming the holder
   */
  async lock(seconds: number, locks: (step: string) => boolean = () => true): Promise<() => Promise<void>> {
    const release = await this.#takeLock(this.#file, seconds);
    if (release === "busy") {
      const waited = seconds > 0 ? `; this job has waited ${seconds} s` : "";
      throw new BusyError(
        `${lockHolder((await this.read()).records, locks)}${waited}`,
        `wait for it to end (${command("ops -- log", this.#stack)} shows its steps) and retry`,
      );
    }
    if (typeof release !== "function") throw new StepError("Cannot lock the journal: `flock` is not installed");
    return release;
  }

  /** The lock of a single append, on the directory: a full disk could not take a file for it. */
  async #lockAppend(): Promise<() => Promise<void>> {
    const unlock = await this.#takeLock(this.#directory, appendPatience);
    if (typeof unlock === "function") return unlock;
    if (unlock === "busy") throw unwritable(`another process has been writing for ${appendPatience} s`, "retry");
    throw unwritable("`flock` is not installed", "install util-linux and retry");
  }

  async #write(event: JournalEvent): Promise<string> {
    const handle = await open(this.#file, "a+");
    try {
      const { line, isTerminated } = await lastLine(handle);
      const about = { v: recordVersion, at: this.#now().toISOString() };
      const prev = line === null ? firstPrev : hashOf(line);
      const text = JSON.stringify({ ...about, ...event, operator: this.#operator, prev });
      // A line that a crash left incomplete must not swallow this one.
      await handle.appendFile(`${isTerminated ? "" : "\n"}${text}\n`);
      await handle.sync();
      return hashOf(text);
    } finally {
      await handle.close();
    }
  }
}

function unwritable(why: string, todo: string): StepError {
  return new StepError(`Cannot write to the journal: ${why}. No change is started without its record`, todo);
}

/** Who holds the lock and since when, by the last step that took it and has not ended. */
function lockHolder(records: readonly JournalRecord[], locks: (step: string) => boolean): string {
  const own = records.filter((record) => locks(kindOf(record).step));
  const at = own.findLastIndex((record) => kindOf(record).event === "started");
  const holder = own[at];
  if (!holder || own.slice(at).some(({ event }) => event === "done" || event === "failed"))
    return "Another job holds the lock of this stack";
  const of = "release" in holder && holder.release ? ` of ${holder.release}` : "";
  const { step } = kindOf(holder);
  return `The step ${step}${of}, started by ${holder.operator} at ${holder.at}, still holds the lock of this stack`;
}
