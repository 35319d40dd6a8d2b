import { z } from "zod";
import { type Color, colors, otherColor } from "./color.ts";
import { SettingsError } from "./errors.ts";
import type { System } from "./system.ts";

const version = z
  .string({ error: (issue) => `is ${describe(issue.input)}; write a version in quotes, such as "1.4.1"` })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "is no image tag; use letters, digits, dots and dashes");
const port = z.number({ error: "must be a port number" }).int().min(1).max(65535);

const schema = z.strictObject({
  system: z.string(),
  activeColor: z.enum(colors, { error: (issue) => `is ${describe(issue.input)}; write blue or green` }),
  versions: z.strictObject({ blue: version.optional(), green: version.optional() }),
  strategy: z
    .enum(["blue-green"], { error: (issue) => `is ${describe(issue.input)}; write blue-green` })
    .default("blue-green"),
  production: z.boolean().default(true),
  replicas: z.record(z.string(), z.number().int().min(1).max(50)).default({}),
  ports: z
    .strictObject({ public: port.default(80), preview: port.default(8081) })
    .default({ public: 80, preview: 8081 }),
  exposeColor: z.boolean().default(false),
  domain: z.string().optional(),
  database: z
    .strictObject({
      external: z
        .strictObject({ host: z.string(), port: port.default(5432), sslmode: z.string().default("require") })
        .optional(),
      maxConnections: z.number().int().min(10).max(5000).default(100),
      lockTimeout: z.number().int().min(1).max(600).default(5),
    })
    .default({ maxConnections: 100, lockTimeout: 5 }),
  placement: z.strictObject({ edge: z.array(z.string()).optional(), data: z.array(z.string()).optional() }).default({}),
  timeouts: z
    .strictObject({ start: z.number().int().min(5).max(3600).default(120), smoke: z.number().int().min(1).default(60) })
    .default({ start: 120, smoke: 60 }),
  secrets: z.record(z.string(), z.string().min(1, "is empty; set a value")).default({}),
});

/** What differs between environments, checked and with defaults. `Pulumi.yaml` describes every key. */
export type Settings = z.output<typeof schema> & {
  /** The color to serve has this version. */
  readonly activeVersion: string;
};

/** Secrets Turnout itself needs, beside the system's. */
export const ownSecrets = {
  databasePassword: "the database's password",
  edgeToken: "the token that jobs show to the edge's agent",
} as const;

/**
 * Checks a stack's settings.
 * @param raw the project's configuration, key without the project's name → text or JSON as Pulumi hands it over
 * @param systems the known systems by name
 * @param stack name of the stack, for the messages
 * @throws SettingsError naming the key path, what was found and what to write instead
 */
export function parseSettings(
  raw: Readonly<Record<string, string>>,
  systems: Readonly<Record<string, System>>,
  stack: string,
): Settings {
  const file = `Pulumi.${stack}.yaml`;
  const known = Object.keys(schema.shape);
  for (const key of Object.keys(raw)) {
    if (known.includes(key)) continue;
    const close = nearest(key, known);
    throw new SettingsError(
      `${file}: ${key} is not a setting`,
      close ? `rename it to ${close}` : `known are ${known.join(", ")}`,
    );
  }
  const values = Object.fromEntries(Object.entries(raw).map(([key, text]) => [key, decode(key, text)]));
  for (const key of ["system", "activeColor", "versions"] as const)
    if (values[key] === undefined) throw new SettingsError(`${file}: ${key} is not set`, hint(key, systems));
  const parsed = schema.safeParse(values);
  if (!parsed.success) throw fromIssue(parsed.error.issues[0], file);
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
        `${file}: replicas.${key} names no service of ${system.name}`,
        `write one of ${Object.keys(system.services).join(", ")}`,
      );
  const required = { ...ownSecrets, ...mapValues(system.secrets, (entry) => entry.description) };
  for (const [key, description] of Object.entries(required))
    if (!Object.hasOwn(settings.secrets, key))
      throw new SettingsError(
        `${file}: secrets.${key} (${description}) is missing`,
        `set it with: pulumi config set --secret --path secrets.${key} VALUE --stack ${stack}`,
      );
  for (const key of Object.keys(settings.secrets))
    if (!Object.hasOwn(required, key))
      throw new SettingsError(
        `${file}: secrets.${key} is used by nothing`,
        `remove it with: pulumi config rm --path secrets.${key} --stack ${stack}`,
      );
  if (settings.ports.public === settings.ports.preview)
    throw new SettingsError(`${file}: ports.public and ports.preview are both ${settings.ports.public}`, "change one");

  const activeVersion = settings.versions[settings.activeColor];
  if (!activeVersion) throw noVersion(settings.activeColor, settings.versions, file, stack);
  return { ...settings, activeVersion };
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
  const back = versions[other]
    ? `, or serve the other one: pulumi config set activeColor ${other} --stack ${stack}`
    : "";
  return new SettingsError(
    `${file}: activeColor is ${color}, but versions.${color} is not set`,
    `give it a version: pulumi config set --path versions.${color} VERSION --stack ${stack}${back}`,
  );
}

function fromIssue(issue: z.core.$ZodIssue | undefined, file: string): SettingsError {
  if (!issue) return new SettingsError(`${file} is not valid`);
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => (at ? `${at}.${key}` : key)).join(", ");
    return new SettingsError(`${file}: ${keys} is not a setting`, "remove it, or see Pulumi.yaml for what there is");
  }
  const message =
    issue.code === "invalid_type" && !/^(is|must|write)/.test(issue.message) ? typeMessage(issue) : issue.message;
  return new SettingsError(`${file}: ${at} ${message.replace(/^(Invalid|Too)/, (word) => `is ${word.toLowerCase()}`)}`);
}

/** What a value must be, for a person. */
const kinds: Record<string, string> = {
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  string: "text",
  array: "a list",
  object: "a group of settings",
  record: "a group of settings",
};

function typeMessage(issue: { expected: string; input?: unknown }): string {
  return `must be ${kinds[issue.expected] ?? issue.expected}`;
}

/** Pulumi hands numbers, booleans and objects over as JSON, everything else as it stands. */
function decode(key: string, text: string): unknown {
  const structured = ["versions", "replicas", "ports", "database", "placement", "timeouts", "secrets"].includes(key);
  if (!structured) return text === "true" ? true : text === "false" ? false : text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function hint(key: "system" | "activeColor" | "versions", systems: Readonly<Record<string, System>>): string {
  if (key === "system") return `write one of ${Object.keys(systems).join(", ")}`;
  if (key === "activeColor") return "write blue or green";
  return "give the color to serve a version: pulumi config set --path versions.blue VERSION";
}

function describe(value: unknown): string {
  if (value === undefined) return "missing";
  return typeof value === "string" ? `"${value}"` : `the ${typeof value} ${JSON.stringify(value)}`;
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, f: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}

/** The known word at a distance of at most two edits, so that a typo gets a suggestion. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates.map((one) => ({ one, distance: distance(word.toLowerCase(), one.toLowerCase()) }));
  const best = ranked.sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= 2 ? best.one : undefined;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
