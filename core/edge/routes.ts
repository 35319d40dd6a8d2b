import { SettingsError } from "../errors.ts";

/** A service, and which requests it asks for. */
export type RoutedService = {
  /** Name of the service in the system. */
  service: string;
  /** Path prefixes, each a whole number of segments: `/v1` takes `/v1` and `/v1/x`, not `/v10`. Default: what is left. */
  paths?: string[] | undefined;
  /** Host names without port. Default: any. */
  hosts?: string[] | undefined;
};

/** A service that answers requests, and which of them reach it. */
export type EdgeRoute = RoutedService & {
  /** Port its replicas listen on. */
  port: number;
  /** Answers 200 while a replica lives. */
  health: { path: string };
  /** Whether its answers carry `x-turnout-service` and `x-turnout-release`, which the health check then asserts. */
  identity: boolean;
  /** Most replicas the edge can know of. Default: the input's `slots`. */
  maxReplicas?: number;
};

type Rule = { host: string | undefined; path: string; service: string };

/**
 * The rules that set `txn.service`, in the order in which the edge tries them.
 * @throws SettingsError when two services ask for the same requests or a name cannot stand in the configuration
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
        `the services "${other}" and "${rule.service}" both ask for ${key}`,
        "give one of them other paths or hosts",
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
 * @param request its path, and its host's name without port; without one, a host that no service names
 * @returns undefined when no service asks for it
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

/** A named host goes before any host, a longer path before a shorter one. */
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

/** What goes into the file unquoted must not be able to say more than its value. */
function check(route: EdgeRoute, key: string, value: string, pattern: RegExp): void {
  if (!pattern.test(value))
    throw new SettingsError(
      `the route of "${route.service}" has ${key} "${value}", which the edge cannot take`,
      "use letters, digits, dots, dashes and slashes",
    );
}

function conditions(rule: Rule): string {
  const host = rule.host === undefined ? "" : ` { req.hdr(host),host_only,lower -m str ${rule.host} }`;
  // With a slash put at the end, a prefix of whole segments is a plain prefix.
  const path = rule.path === "/" ? "" : ` { path,concat(/) -m beg ${rule.path}/ }`;
  return host + path;
}
