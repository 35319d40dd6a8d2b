import { reachedBy } from "../edge/routes.ts";
import { SettingsError } from "../errors.ts";
import type { Service, System } from "./schema.ts";

/** A request through the edge; with a host where the service answers to named ones alone. */
export interface EdgeRequest {
  path: string;
  host?: string;
}

/** What must answer 200 for a web service to be ready. */
export function readyCheck(service: Service): EdgeRequest {
  const path = service.ready ?? service.health ?? "/";
  const host = service.route?.hosts?.[0];
  return host ? { path, host } : { path };
}

/**
 * Refuses what would be asked through the edge and reach another service, or none.
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
      : `${at}.ready is not set, and its health path "${service.health}" stands for it`;
    throw new SettingsError(
      `${what}, which ${reached ? `reaches ${reached}` : "no route takes"}`,
      `write a ready path that reaches ${name} through the edge`,
    );
  }
  const { metrics } = system;
  if (metrics && !reachedBy(routed, metrics))
    throw new SettingsError(
      `${where}: metrics.path is "${metrics.path}", which no route takes`,
      "write a path within the route of a service, and `metrics.host` where that names hosts",
    );
}
