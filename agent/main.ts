import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { edgeFiles } from "../core/edge/config.ts";
import type { EdgeTime } from "../core/edge/time.ts";
import { TurnoutError } from "../core/errors.ts";
import { edgePorts } from "../core/names.ts";
import { configsIn, type Validate } from "./configs.ts";
import { haproxyAt, parserWords } from "./haproxy.ts";
import { createKeeper } from "./keeper.ts";
import { createAgentServer } from "./server.ts";
import { storeIn } from "./store.ts";

/** Options of the agent. */
export interface AgentOptions {
  /** The file with the token. Default: TURNOUT_TOKEN_FILE, else /run/secrets/edge_token. */
  tokenFile?: string;
  /** The volume shared with HAProxy. Default /edge; HAProxy itself always uses its maps under /edge. */
  directory?: string;
  /** The port to listen on; 0 for any free port. Default 8090. */
  port?: number;
  /** Checks a configuration file. Default: `haproxy -c`. */
  validate?: Validate;
  /** Stops the agent. Default: SIGTERM and SIGINT do. */
  signal?: AbortSignal;
  /** Writes a line to the log. Default: JSON lines on stdout. */
  log?: (line: string) => void;
  /** Called with the port once the agent accepts requests. */
  listening?: (port: number) => void;
}

/**
 * Runs the edge's agent until it is stopped.
 * @throws TurnoutError when the token cannot be read
 */
export async function runAgent(options: AgentOptions = {}): Promise<void> {
  const directory = options.directory ?? edgeFiles.directory;
  const log = options.log ?? logLine;
  const signal = options.signal ?? stopSignal();
  const token = await readToken(options.tokenFile ?? process.env.TURNOUT_TOKEN_FILE ?? "/run/secrets/edge_token");
  const haproxy = haproxyAt(join(directory, "master.sock"));
  const keeper = await createKeeper({
    haproxy,
    store: storeIn(directory, randomUUID, log),
    configs: configsIn({ directory, haproxy, validate: options.validate ?? haproxyCheck, log }),
    time: await machineTime(),
    sleep: delay,
    log,
    random: Math.random,
    instance: randomUUID(),
  });
  // Before the first request: a lease may have expired while the agent was down.
  await keeper.reconcile();

  const server = createAgentServer({ keeper, token, log });
  server.listen(options.port ?? edgePorts.agent);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  log(`listening on ${port}`);
  options.listening?.(port);

  while (!signal.aborted) {
    await delay(keeper.nextDue(), undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await keeper.reconcile();
  }
  server.close();
  server.closeAllConnections();
  log("stopped");
}

/**
 * The machine's time: CLOCK_MONOTONIC counts from boot in every container, so a lease survives a restart of the agent
 * exactly. Where the boot id is unavailable, each start of the agent counts as a boot, which ends leases early rather
 * than late.
 */
async function machineTime(): Promise<() => EdgeTime> {
  const bootId = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => randomUUID());
  return () => ({
    bootId: bootId.trim(),
    uptimeMs: Number(process.hrtime.bigint() / 1_000_000n),
    wallMs: Date.now(),
  });
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new TurnoutError(`Cannot read the agent's token from ${path} (${error.code})`, "mount it as a secret");
  });
  const token = text.trim();
  if (token.length < 16)
    throw new TurnoutError(`The agent's token in ${path} is shorter than 16 characters`, "use a longer one");
  return token;
}

const haproxyCheck: Validate = (path) =>
  new Promise((resolve, reject) => {
    execFile("haproxy", ["-c", "-f", path], { timeout: 10_000 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ ok: error === null, words: parserWords(`${stdout}\n${stderr}`) });
    });
  });

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

function logLine(line: string): void {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), agent: line })}\n`);
}
