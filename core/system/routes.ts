import { reachedBy } from "../edge/routes.ts";
import { SettingsError } from "../errors.ts";
import type { Service, System } from "./schema.ts";

/** A request through the edge; with a host if the service's route names hosts. */
export interface EdgeRequest {
  path: string;
  host?: string;
}

/** The request that must return 200 for a web service to be ready. */
export function readyCheck(service: Service): EdgeRequest {
  const path = service.ready ?? service.health ?? "/";
  const host = service.route?.hosts?.[0];
  return host ? { path, host } : { path };
}

/**
 * Refuses ready and metrics paths that the edge would route to another service, or to none.
 * @param where the system's file
 * @throws SettingsError
 */
export function refuseUnreachable(system: System, where: string): void {
  const web = Object.entries(system.services).filter(([, { kind }]) => kind === "web");
  const routed = web.map(([service, { route }]) => ({ service, paths: route?.paths, hosts: route?.hosts }));
  for (const [name, service] of web) {
    const reached = reachedBy(routed, readyCheck(service));
    if (reached === name) continue;
    const at = `${where}: services.${name}`;
    const what = service.ready
      ? `${at}.ready is "${service.ready}"`
      : `${at}.ready is not set and defaults to the health path "${service.health}"`;
    throw new SettingsError(
      `${what}, which ${reached ? `is routed to ${reached}` : "no route matches"}`,
      `write a ready path that the edge routes to ${name}`,
    );
  }
  const { metrics } = system;
  if (metrics && !reachedBy(routed, metrics))
    throw new SettingsError(
      `${where}: metrics.path is "${metrics.path}", which no route matches`,
      "write a path that the route of a service matches, and `metrics.host` if that route names hosts",
    );
}
