import { z } from "zod";
import { type Color, colors, otherColor } from "../color.ts";
import { command, SettingsError } from "../errors.ts";
import type { System } from "../system/schema.ts";
import { group, refusalOf, text, unknownKeys, whole, write, writeUnseen } from "./refusals.ts";
import { rolloutSchema, strategies, thresholdsSchema } from "./rollout.ts";
import { nearest } from "./suggestion.ts";

const flag = z.boolean({ error: write("true or false") });
const version = z
  .string({ error: write('a version in quotes, such as "1.4.1"') })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, {
    error: write("an image tag, at most 128 letters, digits, dots, dashes and underscores"),
  });
const port = whole(1, 65535, "a port number");
const constraints = z.array(text('a constraint such as "node.role == manager"'), {
  error: write('a list such as ["node.role == manager"]'),
});
const hostError = write(
  "the server's name or IPv4 address alone, such as db.example.org; its port is database.external.port",
);
const sslmodes = ["disable", "allow", "prefer", "require"] as const;
const sslmodeError = (issue: { readonly input?: unknown }) =>
  ["verify-ca", "verify-full"].includes(String(issue.input))
    ? `is ${JSON.stringify(issue.input)}, which needs a CA certificate and cannot be configured yet; write require`
    : write(`one of ${sslmodes.join(", ")}`)(issue);
/** Messages about a secret must not show its value. */
const secret = z
  .string({ error: writeUnseen("is not text", "its value in quotes") })
  .min(1, { error: writeUnseen("is empty", "its value") });

const schema = z.strictObject({
  system: z.string({ error: write("the name of a system") }),
  activeColor: z.enum(colors, { error: write("blue or green") }),
  versions: group({ blue: version.optional(), green: version.optional() }),
  strategy: z.enum(strategies, { error: write("blue-green, canary, rolling or recreate") }).default("blue-green"),
  rollout: rolloutSchema,
  thresholds: thresholdsSchema,
  production: flag.default(true),
  replicas: z.record(z.string(), whole(1, 50), { error: write('a group such as {"api": 2}') }).default({}),
  ports: group({ public: port.default(80), preview: port.default(8081) }).default({ public: 80, preview: 8081 }),
  exposeColor: flag.default(false),
  domain: z
    .string({ error: write("a domain as text, such as example.org") })
    .regex(/^[\w.-]+$/, { error: write("a domain alone, such as example.org") })
    .default("localhost"),
  database: group({
    external: group({
      host: z.string({ error: hostError }).regex(/^\w[\w.-]*$/, { error: hostError }),
      port: port.default(5432),
      sslmode: z.enum(sslmodes, { error: sslmodeError }).default("require"),
    }).optional(),
    maxConnections: whole(10, 5000).default(100),
    lockTimeout: whole(1, 600, "seconds as a whole number").default(5),
  }).default({ maxConnections: 100, lockTimeout: 5 }),
  placement: group({ edge: constraints.optional(), data: constraints.optional() }).default({}),
  timeouts: group({
    start: whole(5, 3600, "seconds as a whole number").default(120),
    smoke: whole(1, 3600, "seconds as a whole number").default(60),
    workers: whole(1, 3599, "seconds as a whole number").default(600),
    check: whole(1, 59, "seconds as a whole number").default(2),
  }).default({ start: 120, smoke: 60, workers: 600, check: 2 }),
  secrets: z
    .record(z.string(), secret, { error: writeUnseen("is not a group", "one secret below each name") })
    .default({}),
});

/** The settings of a stack, checked and with defaults. `Pulumi.yaml` describes every key. */
export type Settings = z.output<typeof schema> & {
  /** The version of `activeColor`. */
  readonly activeVersion: string;
  /** The stack's name, for the commands in messages. */
  readonly stack: string;
};

/** The secrets that Turnout itself needs, in addition to the system's. */
export const ownSecrets = {
  databasePassword: "the database's password",
  edgeToken: "the token that jobs send to the edge's agent",
} as const;

/** The shortest token, in characters, that the edge's agent accepts. */
const shortestToken = 16;

/**
 * Checks a stack's settings.
 * @param raw the project's configuration as Pulumi passes it: key without the project's name → text or JSON
 * @param systems the known systems by name
 * @param stack name of the stack
 * @throws SettingsError naming the key path, what was found and what to write instead
 */
export function parseSettings(
  raw: Readonly<Record<string, string>>,
  systems: Readonly<Record<string, System>>,
  stack: string,
): Settings {
  const file = `Pulumi.${stack}.yaml`;
  const known = Object.keys(schema.shape);
  const unknown = Object.keys(raw).filter((key) => !known.includes(key));
  if (unknown.length > 0) throw fromUnknown(unknown, known, file);
  const values = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, decode(key, value)]));
  for (const key of ["system", "activeColor", "versions"] as const)
    if (values[key] === undefined) throw new SettingsError(`${file}: ${key} is not set`, hint(key, systems, stack));
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    const { what, todo } = refusalOf(parsed.error, "Pulumi.yaml for all settings");
    throw new SettingsError(`${file}: ${what}`, todo);
  }
  const settings = parsed.data;

  const system = Object.hasOwn(systems, settings.system) ? systems[settings.system] : undefined;
  if (!system)
    throw new SettingsError(
      `${file}: system is "${settings.system}", which systems/ does not define`,
      `write one of ${Object.keys(systems).join(", ")}`,
    );
  for (const key of Object.keys(settings.replicas))
    if (!Object.hasOwn(system.services, key))
      throw new SettingsError(
        `${file}: replicas.${key} is not a service of ${system.name}`,
        `write one of ${Object.keys(system.services).join(", ")}`,
      );
  const required = { ...ownSecrets, ...mapValues(system.secrets, (entry) => entry.description) };
  for (const [key, description] of Object.entries(required))
    if (!Object.hasOwn(settings.secrets, key))
      throw new SettingsError(
        `${file}: secrets.${key} (${description}) is missing`,
        `set it with: ${command(`pulumi -- config set --secret --path secrets.${key}`, stack)}`,
      );
  if ((settings.secrets.edgeToken ?? "").length < shortestToken)
    throw new SettingsError(
      `${file}: secrets.edgeToken is shorter than ${shortestToken} characters`,
      "set a random one: openssl rand -hex 32 | " +
        command("pulumi -- config set --secret --path secrets.edgeToken", stack),
    );
  for (const key of Object.keys(settings.secrets))
    if (!Object.hasOwn(required, key))
      throw new SettingsError(
        `${file}: secrets.${key} is not used`,
        `remove it with: ${command(`pulumi -- config rm --path secrets.${key}`, stack)}`,
      );
  if (settings.ports.public === settings.ports.preview)
    throw new SettingsError(`${file}: ports.public and ports.preview are both ${settings.ports.public}`, "change one");

  const activeVersion = settings.versions[settings.activeColor];
  if (!activeVersion) throw noVersion(settings.activeColor, settings.versions, file, stack);
  return { ...settings, activeVersion, stack };
}

/** The colors that have a version, blue first. */
export function configuredColors(settings: Pick<Settings, "versions">): Color[] {
  return colors.filter((color) => settings.versions[color] !== undefined);
}

/** How many replicas of a service one color runs. Default 1. */
export function replicasOf(settings: Pick<Settings, "replicas">, service: string): number {
  return settings.replicas[service] ?? 1;
}

function noVersion(color: Color, versions: Settings["versions"], file: string, stack: string): SettingsError {
  const other = otherColor(color);
  const alternative = versions[other]
    ? `, or make ${other} active: ${command(`pulumi -- config set activeColor ${other}`, stack)}`
    : "";
  return new SettingsError(
    `${file}: activeColor is ${color}, but versions.${color} is not set`,
    `set its version: ${command(`pulumi -- config set --path versions.${color} VERSION`, stack)}${alternative}`,
  );
}

function fromUnknown(keys: readonly string[], known: readonly string[], file: string): SettingsError {
  const close = keys.length === 1 ? nearest(keys[0] ?? "", known) : undefined;
  return new SettingsError(
    `${file}: ${unknownKeys(keys)}`,
    close ? `rename it to ${close}` : `the settings are ${known.join(", ")}`,
  );
}

const structured = "versions replicas ports database placement timeouts secrets rollout thresholds".split(" ");

/** Pulumi passes numbers, booleans and objects as JSON, everything else as plain text. */
function decode(key: string, raw: string): unknown {
  if (!structured.includes(key)) return raw === "true" ? true : raw === "false" ? false : raw;
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

function hint(
  key: "system" | "activeColor" | "versions",
  systems: Readonly<Record<string, System>>,
  stack: string,
): string {
  if (key === "system") return `write one of ${Object.keys(systems).join(", ")}`;
  if (key === "activeColor") return "write blue or green";
  return `set a version for the active color: ${command("pulumi -- config set --path versions.blue VERSION", stack)}`;
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, f: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
