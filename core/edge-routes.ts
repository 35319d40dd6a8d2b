import { SettingsError } from "./errors.ts";

/** A service that answers requests, and which of them reach it. */
export type EdgeRoute = {
  /** Name of the service in the system. */
  service: string;
  /** Port its replicas listen on. */
  port: number;
  /** Path prefixes, each a whole number of segments: `/v1` takes `/v1` and `/v1/x`, not `/v10`. Default: what is left. */
  paths?: string[];
  /** Host names without port. Default: any. */
  hosts?: string[];
  /** Answers 200 while a replica lives. */
  health: { path: string };
  /** Whether its answers carry `x-turnout-service` and `x-turnout-release`, which the health check then asserts. */
  identity: boolean;
  /** Most replicas the edge can know of. Default: the input's `slots`. */
  maxReplicas?: number;
};

type Rule = { host: string | undefined; path: string; service: string };

/**
 * The rules that set `txn.service`: a named host goes before any host, a longer path before a shorter one.
 * @throws SettingsError when two services ask for the same requests or a name cannot stand in the configuration
 */
export function routingRules(routes: EdgeRoute[]): string[] {
  const rules = routes.flatMap(rulesOf);
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
  rules.sort((a, b) => Number(b.host !== undefined) - Number(a.host !== undefined) || b.path.length - a.path.length);
  return rules.map(
    (rule) =>
      `  http-request set-var(txn.service) str(${rule.service}) if !{ var(txn.service) -m found }${conditions(rule)}`,
  );
}

function rulesOf(route: EdgeRoute): Rule[] {
  check(route, "service", route.service, /^[a-z][a-z0-9-]*$/);
  check(route, "health.path", route.health.path, /^\/[\w\-.~/?=&%]*$/);
  const hosts = route.hosts ?? [undefined];
  const paths = route.paths ?? ["/"];
  for (const host of hosts) if (host !== undefined) check(route, "hosts", host, /^[a-z0-9.-]+$/i);
  for (const path of paths) check(route, "paths", path, /^\/[\w\-.~/%]*$/);
  return hosts.flatMap((host) =>
    paths.map((path) => ({ host: host?.toLowerCase(), path: path.replace(/(?<=.)\/+$/, ""), service: route.service })),
  );
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
