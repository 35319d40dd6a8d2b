import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { z } from "zod";
import { EdgeRefusal, type RefusalCode } from "../core/edge/refusal.ts";
import { requests } from "../core/edge/schema.ts";
import { BadRequest, ConfigInvalid, HaproxyRefused, HaproxyUnreachable, NotLive } from "./errors.ts";
import type { Keeper } from "./keeper.ts";

/** What the agent's server depends on. */
export interface ServerOptions {
  keeper: Keeper;
  /** Grants access to every call. */
  token: string;
  log: (line: string) => void;
}

type Handler = (body: unknown) => Promise<unknown>;

/** The longest body in bytes; a configuration of hundreds of services is far below. */
const longestBody = 1 << 20;

/** Refusals because of a malformed value rather than the state. */
const malformed: RefusalCode[] = [
  "unknown-color",
  "bad-release",
  "bad-epoch",
  "bad-weight",
  "bad-lease",
  "bad-skew",
  "bad-drain",
  "bad-maintenance",
];

/** The agent's HTTP interface; see docs/operations.md for its calls. All but `/healthz` require the token. */
export function createAgentServer({ keeper, token, log }: ServerOptions): Server {
  const routes = routesOf(keeper);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      log(`internal error: ${error instanceof Error ? error.stack : String(error)}`);
      if (!response.headersSent)
        send(response, 500, { error: "defect", message: "Internal error of the agent. See its log." });
    });
  });
  server.requestTimeout = 30_000;
  return server;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (path === "/healthz") return send(response, 200, { status: "ok" });
    if (!authorized(request.headers.authorization, token))
      return send(response, 401, { error: "unauthorized", message: "Send `authorization: Bearer <token>`." });
    const methods = routes[path];
    if (methods === undefined) return send(response, 404, { error: "not-found", message: `Unknown path ${path}.` });
    const handler = methods[request.method ?? ""];
    if (handler === undefined) {
      const allow = Object.keys(methods).join(", ");
      response.setHeader("allow", allow);
      return send(response, 405, { error: "bad-method", message: `${path} allows ${allow}.` });
    }
    try {
      send(response, 200, await handler(request.method === "GET" ? undefined : await readJson(request)));
    } catch (error) {
      const known = describe(error);
      if (known === undefined) throw error;
      send(response, known.status, known.body);
    }
  }
}

function routesOf(keeper: Keeper): Record<string, Record<string, Handler>> {
  return {
    "/v1/state": { GET: () => keeper.view() },
    "/v1/releases": {
      PUT: (body) => keeper.change({ kind: "announce", ...parse(requests.release, body) }),
    },
    "/v1/commit": {
      POST: (body) => keeper.change({ kind: "commit", ...parse(requests.commit, body) }),
    },
    "/v1/candidate": {
      PUT: (body) => keeper.change({ kind: "candidate", ...parse(requests.candidate, body) }),
      DELETE: () => keeper.change({ kind: "withdraw" }),
    },
    "/v1/skew": { DELETE: () => keeper.change({ kind: "end-skew" }) },
    "/v1/maintenance": {
      PUT: (body) => keeper.change({ kind: "maintenance", ...parse(requests.maintenance, body) }),
    },
    "/v1/lease": {
      POST: (body) => keeper.change({ kind: "renew", ...parse(requests.lease, body) }),
    },
    "/v1/config": {
      PUT: (body) => {
        const { text, hash } = parse(requests.config, body);
        return keeper.putConfig(text, hash);
      },
    },
    "/v1/servers": { GET: () => keeper.servers() },
    "/v1/counters": { GET: () => keeper.counters() },
  };
}

function parse<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.length ? `"${issue.path.join(".")}": ` : "";
  throw new BadRequest(`invalid body: ${where}${issue?.message ?? "unknown"}`);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) throw new BadRequest(`the body is longer than ${longestBody} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest("the body is not JSON");
  }
}

/** Digests have the same length, so comparing them reveals nothing about the token. */
function authorized(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token}`));
}

function describe(error: unknown): { status: number; body: unknown } | undefined {
  const body = (code: string) => ({ error: code, message: (error as Error).message });
  if (error instanceof BadRequest) return { status: 400, body: body("bad-request") };
  if (error instanceof EdgeRefusal)
    return { status: malformed.includes(error.code) ? 400 : 409, body: body(error.code) };
  if (error instanceof ConfigInvalid) return { status: 422, body: { ...body("invalid-config"), words: error.words } };
  if (error instanceof NotLive) return { status: 503, body: body("not-live") };
  if (error instanceof HaproxyUnreachable || error instanceof HaproxyRefused)
    return { status: 503, body: body("haproxy-unreachable") };
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EACCES" || code === "EROFS" || code === "EIO" || code === "EDQUOT")
    return { status: 507, body: { error: "volume", message: `Cannot write to the edge's volume: ${code}.` } };
  return undefined;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
