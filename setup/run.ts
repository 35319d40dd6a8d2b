import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { finished } from "node:stream/promises";
import { execa } from "execa";
import { duration, SetupError } from "./step.ts";

/** A long command of the set-up. */
export interface Work {
  /** What it does, such as `building the CLI`; shown as progress and in the error. */
  readonly what: string;
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** The file that keeps its output. */
  readonly log: string;
  /** What to do when it fails. Default: read the log. */
  readonly remedy?: string;
}

/** How often the progress of a long command is printed, in milliseconds. */
const progressEvery = 10_000;

/**
 * Runs a command with its output in a file, and prints every ten seconds how long it has been running and the last line
 * of its output.
 * @throws SetupError with the last lines of the output when it fails
 */
export async function work({ what, argv, cwd, env, log, remedy }: Work, say: (line: string) => void): Promise<void> {
  const file = await openLog(log);
  const began = performance.now();
  let tail: string[] = [];
  const ticker = setInterval(
    () => say(`${what}, ${duration(performance.now() - began)}${tail.length > 0 ? `: ${cut(tail.at(-1) ?? "")}` : ""}`),
    progressEvery,
  );
  const [command, ...rest] = argv;
  const child = execa(command, rest, {
    all: true,
    buffer: false,
    reject: false,
    stdin: "ignore",
    ...(cwd ? { cwd } : {}),
    ...(env ? { env } : {}),
  });
  child.all.pipe(file, { end: false });
  try {
    for await (const line of child.iterable({ from: "all" })) {
      if (line.trim()) tail = [...tail.slice(-14), line];
    }
    const done = await child;
    if (done.failed) {
      const todo = remedy ?? `read ${log}, fix the cause and run the command again`;
      const last = tail.length > 0 ? tail.join("\n    ") : done.shortMessage;
      throw new SetupError(`${what} failed`, `${todo}. The end of its output:\n    ${last}`);
    }
  } finally {
    clearInterval(ticker);
    file.end();
    await finished(file);
  }
}

/** @throws SetupError when it cannot be written */
async function openLog(log: string): Promise<WriteStream> {
  try {
    await mkdir(dirname(log), { recursive: true });
    const file = createWriteStream(log, { flags: "a" });
    await once(file, "open");
    return file;
  } catch (error) {
    throw new SetupError(
      `${log} cannot be written: ${(error as Error).message}`,
      "free disk space, or let this user write there",
    );
  }
}

/** What a short command printed, trimmed; undefined if it failed or is not installed. */
export async function ask(...argv: [string, ...string[]]): Promise<string | undefined> {
  const [command, ...rest] = argv;
  const done = await execa(command, rest, { reject: false, stdin: "ignore", timeout: 30_000 });
  return done.failed ? undefined : done.stdout.trim();
}

/** Whether a program is on PATH. */
export async function onPath(program: string): Promise<boolean> {
  return (await ask("sh", "-c", 'command -v "$1"', "sh", program)) !== undefined;
}

function cut(line: string): string {
  return line.length > 90 ? `${line.slice(0, 89)}…` : line;
}
