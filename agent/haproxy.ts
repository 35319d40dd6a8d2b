import { connect } from "node:net";
import { HaproxyRefused, HaproxyUnreachable } from "./errors.ts";
import { parseMap, parseWorkers, type Worker } from "./parse.ts";

/** The commands that the agent sends to a running HAProxy. */
export interface Haproxy {
  /** All workers, the newest first. @throws HaproxyUnreachable when there is none */
  workers(): Promise<[Worker, ...Worker[]]>;
  /** Sends one command to one worker and returns its answer. */
  ask(pid: number, command: string): Promise<string>;
  /** A map of the worker. */
  readMap(pid: number, file: string): Promise<Map<string, string>>;
  /** Replaces a whole map atomically. */
  replaceMap(pid: number, file: string, entries: [string, string][]): Promise<void>;
  /** Reloads the configuration file; old workers finish their connections. `words` is the parser's message. */
  reload(): Promise<{ ok: boolean; words: string }>;
}

/** How long to wait for an answer, and for a reload, in milliseconds. */
const timeouts = { answer: 2_000, reload: 15_000 };

/**
 * HAProxy at its master socket. That socket also reaches old workers, which after a reload still serve their open
 * connections and must route by the same map as the newest worker.
 */
export function haproxyAt(masterSocket: string): Haproxy {
  const request = (command: string, timeoutMs = timeouts.answer) => send(masterSocket, command, timeoutMs);
  const ask = (pid: number, command: string) => request(`@!${pid} ${command}`);
  const expectSilence = async (pid: number, command: string) => {
    const answer = (await ask(pid, command)).trim();
    if (answer !== "") throw new HaproxyRefused(`HAProxy answered "${command}" with "${answer}"`);
  };
  return {
    ask,
    async workers() {
      const [first, ...rest] = parseWorkers(await request("show proc"));
      if (first === undefined) throw new HaproxyUnreachable("HAProxy has no worker");
      return [first, ...rest];
    },
    async readMap(pid, file) {
      const answer = await ask(pid, `show map ${file}`);
      if (answer.startsWith("Unknown map")) throw new HaproxyRefused(`HAProxy has no map ${file}`);
      return parseMap(answer);
    },
    async replaceMap(pid, file, entries) {
      const prepared = await ask(pid, `prepare map ${file}`);
      const version = prepared.match(/New version created: (\d+)/)?.[1];
      if (version === undefined) throw new HaproxyRefused(`HAProxy did not prepare ${file}: "${prepared.trim()}"`);
      for (const [key, value] of entries) await expectSilence(pid, `add map @${version} ${file} ${key} ${value}`);
      await expectSilence(pid, `commit map @${version} ${file}`);
    },
    async reload() {
      const answer = await request("reload", timeouts.reload);
      const [head = "", ...words] = answer.split("\n");
      if (!/^Success=[01]/.test(head)) throw new HaproxyUnreachable("HAProxy did not report whether it reloaded");
      return { ok: head.startsWith("Success=1"), words: parserWords(words.join("\n")) };
    },
  };
}

/** The alerts and warnings in HAProxy's output. */
export function parserWords(output: string): string {
  const lines = output.split("\n").filter((line) => /^\[(ALERT|WARNING)\]/.test(line));
  return lines.map((line) => line.replace(/^\[(\w+)\]\s*\(\d+\) : /, "")).join("\n");
}

/**
 * Sends one command on a connection of its own and returns the answer. Our half is closed at once: otherwise the master
 * keeps a connection to a worker open for the next command.
 */
function send(path: string, command: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      socket.destroy();
      reject(new HaproxyUnreachable(`HAProxy is unreachable on ${path}: ${why}`));
    };
    let answer = "";
    const socket = connect(path, () => socket.end(`${command}\n`));
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
