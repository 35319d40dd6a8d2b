/** Where the edge keeps things on the volume it shares with its agent. */
export const edgeFiles = {
  directory: "/edge",
  config: "/edge/haproxy.cfg",
  serveMap: "/edge/serve.map",
  releasesMap: "/edge/releases.map",
  serverState: "/edge/servers.state",
  adminSocket: "/edge/admin.sock",
  masterSocket: "/edge/master.sock",
} as const;

/** The stick table with the counters, and what its `gpc` slots count. The key is `<entrance>/<color>`. */
export const countersTable = "counters";
/**
 * Order of the counters in the table. An answer of a replica is in exactly one bucket by the time to its header, in
 * milliseconds; an answer the edge had to give itself (no replica, no connection, timeout) is in `unanswered`. Both kinds are in `answers`.
 */
export const counterSlots = [
  "answers",
  "errors5xx",
  "upTo100",
  "upTo300",
  "upTo1000",
  "upTo2000",
  "over2000",
  "unanswered",
] as const;
