/** The edge's files on the volume that it shares with its agent. */
export const edgeFiles = {
  directory: "/edge",
  config: "/edge/haproxy.cfg",
  serveMap: "/edge/serve.map",
  releasesMap: "/edge/releases.map",
  serverState: "/edge/servers.state",
  adminSocket: "/edge/admin.sock",
  masterSocket: "/edge/master.sock",
} as const;

/** The stick table with the counters. Its key is `<entrance>/<color>`; `counterSlots` names its `gpc` slots. */
export const countersTable = "counters";
/**
 * The counters in the order of the table. An answer from a replica is in exactly one bucket by the time to its header,
 * in milliseconds. An answer from the edge itself (no replica, no connection, timeout) is in `unanswered`. Both kinds
 * are in `answers`.
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
