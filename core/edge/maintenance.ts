import { edgePorts } from "../names.ts";
import { mustBeWithin } from "./refusal.ts";

/** The public entrance answers every request with the maintenance page. */
export type Maintenance = {
  /** The Retry-After of its answers, in seconds, 1 to 86,400. */
  retryAfterSeconds: number;
};

/**
 * The maintenance of the edge's state; null when it is off.
 * @throws EdgeRefusal when the time is out of range
 */
export function maintenanceOf(on: boolean, retryAfterSeconds: number): Maintenance | null {
  if (!on) return null;
  mustBeWithin("bad-maintenance", "a Retry-After in seconds", retryAfterSeconds, 1, 86_400);
  return { retryAfterSeconds };
}

/** The Retry-After by default, in seconds. */
export const defaultRetryAfterSeconds = 120;

const page = [
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
  "<title>Back soon</title>",
  "<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1.5rem;color:#333;background:#fafafa}",
  "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}}</style>",
  "<h1>Back soon</h1><p>We are updating this service. Nothing is lost; please try again in a few minutes.</p></html>",
].join("");

/**
 * The lines that answer every request during maintenance: a page for browsers, a sentence for programs. Jobs use a port
 * of their own, to check whether the system can be opened again.
 */
export function maintenancePage(): string[] {
  const on = `{ var(txn.maintenance) -m int gt 0 } !{ dst_port ${edgePorts.inside} }`;
  const answer = (type: string, body: string) =>
    `  http-request return status 503 content-type "${type}; charset=utf-8" hdr retry-after %[var(txn.maintenance)] hdr cache-control no-store string '${body}'`;
  return [
    // Every request fails on purpose: logging each would hide real failures.
    `  http-request set-log-level silent if ${on}`,
    `${answer("text/html", page)} if ${on} { req.hdr(accept) -m sub text/html }`,
    `${answer("text/plain", "Down for maintenance, please try again later.")} if ${on}`,
  ];
}
