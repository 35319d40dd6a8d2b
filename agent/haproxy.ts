import { connect } from "node:net";
import { HaproxyRefused, HaproxyUnreachable } from "./errors.ts";
import { parseMap, parseWorkers, type Worker } from "./parse.ts";

/** What the agent asks of a running HAProxy. */
export interface Haproxy {
  /** All workers, the newest first. Throws HaproxyUnreachable when there is none. */
  workers(): Promise<[Worker, ...Worker[]]>;
  /** One command to one worker; the answer's text. */
  ask(pid: number, command: string): Promise<string>;
  /** A map as the worker has it. */
  readMap(pid: number, file: string): Promise<Map<string, string>>;
  /** Replaces all of a map in one atomic step. */
  replaceMap(pid: number, file: string, entries: [string, string][]): Promise<void>;
  /** Loads the configuration file anew; old workers finish their connections. `words` are the parser's. */
  reload(): Promise<{ ok: boolean; words: string }>;
}

/** Longest wait for an answer, and for a reload, in milliseconds. */
const patience = { answer: 2_000, reload: 15_000 };

/**
 * HAProxy behind its master's socket. That socket reaches old workers too, which matters: after a reload they still
 * answer on the connections they have, and must answer by the same map as the newest.
 */
export function haproxyAt(masterSocket: string): Haproxy {
  const send = (command: string, timeoutMs = patience.answer) => talk(masterSocket, command, timeoutMs);
  const ask = (pid: number, command: string) => send(`@!${pid} ${command}`);
  const silently = async (pid: number, command: string) => {
    const answer = (await ask(pid, command)).trim();
    if (answer !== "") throw new HaproxyRefused(`HAProxy answered "${command}" with "${answer}"`);
  };
  return {
    ask,
    async workers() {
      const [first, ...rest] = parseWorkers(await send("show proc"));
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
      if (version === undefined) throw new HaproxyRefused(`HAProxy prepares no ${file}: "${prepared.trim()}"`);
      for (const [key, value] of entries) await silently(pid, `add map @${version} ${file} ${key} ${value}`);
      await silently(pid, `commit map @${version} ${file}`);
    },
    async reload() {
      const answer = await send("reload", patience.reload);
      const [head = "", ...words] = answer.split("\n");
      if (!/^Success=[01]/.test(head)) throw new HaproxyUnreachable("HAProxy did not say whether it reloaded");
      return { ok: head.startsWith("Success=1"), words: parserWords(words.join("\n")) };
    },
  };
}

/** Of what HAProxy prints, the lines that say what is wrong. */
export function parserWords(output: string): string {
  const lines = output.split("\n").filter((line) => /^\[(ALERT|WARNING)\]/.test(line));
  return lines.map((line) => line.replace(/^\[(\w+)\]\s*\(\d+\) : /, "")).join("\n");
}

/**
 * One command, one answer, one connection. Our half is closed at once: the master keeps a connection
 * that has spoken to a worker open for the next command otherwise.
 */
function talk(path: string, command: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      socket.destroy();
      reject(new HaproxyUnreachable(`HAProxy does not answer on ${path}: ${why}`));
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
