import { createHash } from "node:crypto";
import { type Color, colors } from "../color.ts";
import { defaultCookieMaxAge } from "./cookie.ts";
import { counterSlots, countersTable, edgeFiles } from "./files.ts";
import { frontend, whoami } from "./frontends.ts";
import type { EdgeRoute } from "./routes.ts";

export type { EdgeRoute };
export { counterSlots, countersTable, edgeFiles };

import { SettingsError } from "../errors.ts";
import { edgePorts, tasksOf } from "../names.ts";

/** The edge's timeouts, in milliseconds. */
export type EdgeTimeouts = {
  /** To connect to a replica, and for a replica to become free. Default 2,000. */
  connect: number;
  /** For a replica to answer, and between two parts of its answer. Default 60,000. */
  server: number;
  /** For a client to send the next part of its request. Default 60,000. */
  client: number;
  /** For an idle websocket. Default 3,600,000. */
  tunnel: number;
  /** How long connections may stay open after a reload, or after the edge is asked to stop. Default 900,000. */
  drain: number;
};

/** The timeouts that an input leaves out. */
const defaultTimeouts: EdgeTimeouts = {
  connect: 2_000,
  server: 60_000,
  client: 60_000,
  tunnel: 3_600_000,
  drain: 900_000,
};

/**
 * Concurrent connections: two descriptors each, below a container's limit of 20,000, with room for checks and sockets.
 */
const defaultMaxconn = 8_000;
const highestMaxconn = 9_500;

/**
 * Everything the edge's configuration depends on. The active color is not part of it: that is in the maps, which change
 * without a reload.
 */
export type EdgeConfigInput = {
  /** Name of the stack, for people who read the file. */
  stack: string;
  /** The services that answer requests. Empty: the edge answers 503 or 404 to everything. */
  routes: EdgeRoute[];
  /** Swarm name of a service of a color; its replicas resolve under `tasks.<name>`. */
  serviceName: (color: Color, service: string) => string;
  /** Whether answers on the public entrance also carry color and release; on the preview entrance they always do. */
  exposeColorHeader: boolean;
  timeouts?: Partial<EdgeTimeouts>;
  /** Concurrent connections, 1 to 9,500. Default 8,000. */
  maxconn?: number;
  /** Threads. Default: HAProxy's own, one per core. */
  threads?: number;
  /** How long a browser keeps the cookie of a canary, in seconds, 1 to 86,400. Default 3,600. */
  cookieMaxAge?: number;
  /** Replicas that the edge has room for in a route without `maxReplicas`. Default 8. */
  slots?: number;
};

/** The SHA-256 of a configuration in hex. The agent verifies it and reports it. */
export function edgeConfigHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Name of the backend of a service of a color. */
function backendName(color: Color, service: string): string {
  return `be_${color}_${service}`;
}

/**
 * Renders HAProxy's configuration.
 * @throws SettingsError when routes conflict or a value is out of range
 */
export function renderEdgeConfig(input: EdgeConfigInput): string {
  const maxconn = input.maxconn ?? defaultMaxconn;
  if (!Number.isInteger(maxconn) || maxconn < 1 || maxconn > highestMaxconn)
    throw new SettingsError(
      `the edge's maxconn is ${maxconn}`,
      `set it to a whole number between 1 and ${highestMaxconn}; ` +
        "each connection needs two of a container's 20,000 descriptors",
    );
  const timeouts = { ...defaultTimeouts, ...input.timeouts };
  const entrance = { routes: input.routes, cookieMaxAge: input.cookieMaxAge ?? defaultCookieMaxAge };
  const sections = [
    [`# Turnout's edge for stack ${input.stack}. Written by the agent; changes by hand are lost.`],
    globalSection(input, maxconn, timeouts.drain),
    defaultsSection(timeouts),
    resolversSection(),
    peersSection(),
    frontend({ ...entrance, name: "public", port: edgePorts.public, exposed: input.exposeColorHeader }),
    frontend({ ...entrance, name: "preview", port: edgePorts.preview, exposed: true }),
    whoami(),
    counters(),
    ...colors.flatMap((color) => input.routes.map((route) => backend(input, color, route))),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function globalSection(input: EdgeConfigInput, maxconn: number, drain: number): string[] {
  return [
    "global",
    `  stats socket ${edgeFiles.adminSocket} mode 600 level admin expose-fd listeners`,
    `  server-state-file ${edgeFiles.serverState}`,
    "  log stdout format raw local0",
    `  maxconn ${maxconn}`,
    `  hard-stop-after ${drain}ms`,
    ...(input.threads ? [`  nbthread ${input.threads}`] : []),
    // The peer's name must not depend on the container's host name, or counters would not survive a reload.
    "  localpeer edge",
  ];
}

function defaultsSection(timeouts: EdgeTimeouts): string[] {
  return [
    "defaults",
    "  mode http",
    "  log global",
    // Only failures are logged: one line per request would cost more than serving it, and hide the failures.
    "  option dontlog-normal",
    "  option forwardfor",
    // On a reload, an idle connection is closed with its next answer, never in the middle of a request.
    "  option idle-close-on-response",
    "  option redispatch 1",
    "  retries 3",
    // The only retry that never sends a POST twice.
    "  retry-on conn-failure",
    "  http-reuse safe",
    "  balance leastconn",
    `  timeout connect ${timeouts.connect}ms`,
    `  timeout queue ${timeouts.connect}ms`,
    `  timeout client ${timeouts.client}ms`,
    `  timeout server ${timeouts.server}ms`,
    `  timeout tunnel ${timeouts.tunnel}ms`,
    "  timeout http-request 10s",
    // Short: after a reload the old worker stays until it expires, with servers that are no longer checked.
    "  timeout http-keep-alive 10s",
    "  timeout check 2s",
    "  load-server-state-from-file global",
  ];
}

function resolversSection(): string[] {
  return [
    "resolvers docker",
    "  nameserver embedded 127.0.0.11:53",
    "  accepted_payload_size 8192",
    "  resolve_retries 3",
    "  timeout resolve 500ms",
    "  timeout retry 500ms",
    "  hold valid 1s",
    "  hold obsolete 1s",
    // A short outage of the resolver must not empty the backends; health checks notice removed replicas.
    "  hold nx 5s",
    "  hold other 30s",
    "  hold refused 30s",
    "  hold timeout 30s",
  ];
}

/** One peer, itself: on a reload the old worker passes the counters to the new one. */
function peersSection(): string[] {
  return ["peers edge", "  bind 127.0.0.1:10000", "  server edge"];
}

function counters(): string[] {
  return [
    `backend ${countersTable}`,
    `  stick-table type string len 16 size 16 store http_req_cnt,gpc(${counterSlots.length}) peers edge`,
  ];
}

function backend(input: EdgeConfigInput, color: Color, route: EdgeRoute): string[] {
  const name = input.serviceName(color, route.service);
  const slots = route.maxReplicas ?? input.slots ?? 8;
  return [
    `backend ${backendName(color, route.service)}`,
    "  option httpchk",
    `  http-check send meth GET uri ${route.health.path} ver HTTP/1.1 hdr host ${name} hdr user-agent turnout-edge`,
    "  http-check expect status 200",
    ...(route.identity
      ? [
          // An address may move to another service before DNS shows it; a status of 200 alone would not reveal that.
          `  http-check expect hdr name x-turnout-service value ${name}`,
          // A release that the replica shows is expected if the map lists it for the color; else the announced one is.
          `  http-check set-var(check.expected) str(${color}),map_str(${edgeFiles.releasesMap},-)`,
          `  http-check set-var-fmt(check.shown) "${color}/%[res.fhdr(x-turnout-release)]"`,
          `  http-check set-var(check.expected) var(check.shown),map_str(${edgeFiles.releasesMap})`,
          '  http-check expect hdr name x-turnout-release value-lf "%[var(check.expected)]"',
        ]
      : []),
    "  default-server inter 500ms fastinter 200ms downinter 500ms fall 2 rise 1",
    `  server-template s 1-${slots} ${tasksOf(name)}:${route.port} check resolvers docker init-addr last,none`,
  ];
}
