import { names } from "../names.ts";
import { replicasOf, type Settings } from "../settings/settings.ts";
import { type EdgeRequest, readyCheck } from "../system/routes.ts";
import { type System, servicesOf } from "../system/schema.ts";
import type { EdgeConfigInput } from "./config.ts";

/** The edge's configuration input for a system: its routes, and how to verify that a replica belongs to it. */
export function edgeConfigInput(prefix: string, system: System, settings: Settings): EdgeConfigInput {
  return {
    stack: prefix,
    serviceName: names(prefix).service,
    exposeColorHeader: settings.exposeColor,
    routes: servicesOf(system, "web").map(([service, definition]) => ({
      service,
      port: definition.port ?? 0,
      ...(definition.route?.paths ? { paths: definition.route.paths } : {}),
      ...(definition.route?.hosts ? { hosts: definition.route.hosts } : {}),
      health: { path: definition.health ?? "/" },
      identity: definition.identity,
      maxReplicas: replicasOf(settings, service) * 2,
    })),
  };
}

/** The requests through the edge that must return 200 for a color to be ready: the ready path of each web service. */
export function readyChecks(system: System): EdgeRequest[] {
  return servicesOf(system, "web").map(([, service]) => readyCheck(service));
}
