import { SettingsError } from "../errors.ts";

/** A service and the requests it claims. */
export type RoutedService = {
  /** Name of the service in the system. */
  service: string;
  /** Path prefixes of whole segments: `/v1` matches `/v1` and `/v1/x`, not `/v10`. Default: all remaining requests. */
  paths?: string[] | undefined;
  /** Host names without port. Default: any. */
  hosts?: string[] | undefined;
};

/** A web service and the requests that reach it. */
export type EdgeRoute = RoutedService & {
  /** The port that its replicas listen on. */
  port: number;
  /** Returns 200 while a replica is alive. */
  health: { path: string };
  /** Whether its answers carry `x-turnout-service` and `x-turnout-release`, which the health check then verifies. */
  identity: boolean;
  /** The most replicas that the edge has room for. Default: the input's `slots`. */
  maxReplicas?: number;
};

type Rule = { host: string | undefined; path: string; service: string };

/**
 * The rules that set `txn.service`, in the order in which the edge tries them.
 * @throws SettingsError when two services claim the same requests, or a value is invalid in the configuration
 */
export function routingRules(routes: EdgeRoute[]): string[] {
  for (const route of routes) checkRoute(route);
  const rules = orderedRules(routes);
  const seen = new Map<string, string>();
  for (const rule of rules) {
    const key = `${rule.host ?? "any host"}${rule.path}`;
    const other = seen.get(key);
    if (other !== undefined)
      throw new SettingsError(
        `the services "${other}" and "${rule.service}" both claim ${key}`,
        "change the paths or hosts of one of them",
      );
    seen.set(key, rule.service);
  }
  return rules.map(
    (rule) =>
      `  http-request set-var(txn.service) str(${rule.service}) if !{ var(txn.service) -m found }${conditions(rule)}`,
  );
}

/**
 * The service that a request reaches.
 * @param request its path, and its host name without port; without a host, one that no service names
 * @returns undefined when no service claims it
 */
export function reachedBy(
  services: readonly RoutedService[],
  request: { path: string; host?: string | undefined },
): string | undefined {
  const host = request.host?.toLowerCase();
  const path = `${request.path.replace(/\?.*/, "")}/`;
  const rule = orderedRules(services).find(
    (one) => (one.host === undefined || one.host === host) && (one.path === "/" || path.startsWith(`${one.path}/`)),
  );
  return rule?.service;
}

/** A named host comes before any host, a longer path before a shorter one. */
function orderedRules(services: readonly RoutedService[]): Rule[] {
  const rules = services.flatMap(({ service, hosts = [undefined], paths = ["/"] }) =>
    hosts.flatMap((host) =>
      paths.map((path): Rule => ({ host: host?.toLowerCase(), path: path.replace(/(?<=.)\/+$/, ""), service })),
    ),
  );
  return rules.sort(
    (a, b) => Number(b.host !== undefined) - Number(a.host !== undefined) || b.path.length - a.path.length,
  );
}

function checkRoute(route: EdgeRoute): void {
  check(route, "service", route.service, /^[a-z][a-z0-9-]*$/);
  check(route, "health.path", route.health.path, /^\/[\w\-.~/?=&%]*$/);
  for (const host of route.hosts ?? []) check(route, "hosts", host, /^[a-z0-9.-]+$/i);
  for (const path of route.paths ?? []) check(route, "paths", path, /^\/[\w\-.~/%]*$/);
}

/** Values go into the file unquoted, so they must not be able to add directives. */
function check(route: EdgeRoute, key: string, value: string, pattern: RegExp): void {
  if (!pattern.test(value))
    throw new SettingsError(
      `the route of "${route.service}" has ${key} "${value}", which is not valid in the edge's configuration`,
      "use letters, digits, dots, dashes and slashes",
    );
}

function conditions(rule: Rule): string {
  const host = rule.host === undefined ? "" : ` { req.hdr(host),host_only,lower -m str ${rule.host} }`;
  // With a slash appended, a prefix of whole segments is a plain prefix.
  const path = rule.path === "/" ? "" : ` { path,concat(/) -m beg ${rule.path}/ }`;
  return host + path;
}
