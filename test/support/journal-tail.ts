import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { readRecords } from "../../core/journal/reader.ts";
import type { JournalRecord } from "../../core/journal/records.ts";

/** A stack's journal as it grows. */
export interface JournalTail {
  /** All records so far, oldest first. */
  readonly records: readonly JournalRecord[];
  /**
   * The first record from `from` on that fits. Rejects after `seconds`.
   * @param from how many records were there when it began to count
   */
  next(what: string, from: number, fits: (record: JournalRecord) => boolean, seconds?: number): Promise<JournalRecord>;
  stop(): Promise<void>;
}

/**
 * Follows a journal by `tail` in a container of its own: a record is here some milliseconds after it was written, so that a
 * test can strike between two steps.
 * @param stack what the container is labeled with
 */
export async function tailJournal(image: string, stack: string, volume: string): Promise<JournalTail> {
  const name = `${stack}-tail-${randomBytes(3).toString("hex")}`;
  const argv = [
    ...["run", "--rm", "--init", "--name", name, "--label", `turnout.stack=${stack}`, "--network", "none"],
    ...["--mount", `type=volume,source=${volume},target=/journal,readonly`],
    ...["--entrypoint", "tail", image, "--lines=+1", "--follow=name", "--retry", "/journal/journal.jsonl"],
  ];
  const tail = execa("docker", argv, { reject: false, buffer: false, stdin: "ignore" });
  const records: JournalRecord[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: tail.stdout }).on("line", (line) => {
    if (!line) return;
    records.push(...readRecords([JSON.parse(line)]).records);
    for (const sample of waiting) sample();
  });

  return {
    records,
    next(what, from, fits, seconds = 90) {
      const { promise, resolve, reject } = Promise.withResolvers<JournalRecord>();
      const sample = () => {
        const found = records.slice(from).find(fits);
        if (found) resolve(found);
      };
      const late = () => {
        const last = records.slice(from).map(({ step, event }) => `${step} ${event}`);
        reject(new Error(`no record of ${what} within ${seconds} s; there are ${last.join(", ") || "none"}`));
      };
      const timer = setTimeout(late, seconds * 1000).unref();
      waiting.add(sample);
      sample();
      return promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(sample);
      });
    },
    async stop() {
      await execa("docker", ["rm", "--force", name], { reject: false });
      await tail;
    },
  };
}
