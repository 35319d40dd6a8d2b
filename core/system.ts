import { z } from "zod";
import { SettingsError } from "./errors.ts";

const name = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "use lower-case letters, digits and dashes");
const path = z.string().startsWith("/", "begin the path with /");
const argv = z.array(z.string()).min(1);

const pattern = z.string().refine(isPattern, "is no regular expression");

const secret = z.strictObject({
  /** File name under /run/secrets in the service's containers. */
  file: z.string().regex(/^[a-z][a-z0-9_]*$/),
  /** What it is, for the person who has to set it. */
  description: z.string(),
});

const service = z.strictObject({
  /** `web` answers requests through the edge; a `worker` takes its work from elsewhere and runs in one color only. */
  kind: z.enum(["web", "worker"]),
  /** Image reference; `{version}` stands for the color's version. */
  image: z.string().includes("{version}", { message: "must hold {version}, so that each color runs its own" }),
  /** Port the container listens on; required for `web`. */
  port: z.number().int().min(1).max(65535).optional(),
  /** Which requests reach it. The longest path prefix wins; without `paths` it takes what is left. */
  route: z
    .strictObject({ paths: z.array(path).min(1).optional(), hosts: z.array(z.string()).min(1).optional() })
    .optional(),
  /** Answers 200 as long as the process lives; the edge asks it. Required for `web`. */
  health: path.optional(),
  /** Answers 200 when the service can do its work; a shift waits for it. Default: `health`. */
  ready: path.optional(),
  /** Command Docker runs in the container to know that it lives. */
  healthCommand: argv,
  /** Whether its answers carry `x-turnout-service` and `x-turnout-release` from the environment, so that the edge can
   * tell it from a stranger at the same address. Default true. */
  identity: z.boolean().default(true),
  /** Plain environment. Secrets do not belong here. */
  env: z.record(z.string(), z.string()).default({}),
  /** Names from the system's `secrets`; `databaseUrl` is always there. */
  secrets: z.array(z.string()).default([]),
  /** User the container runs as, `uid:gid`. */
  user: z
    .string()
    .regex(/^[1-9]\d*(:\d+)?$/, "must be a number above 0, as uid:gid")
    .default("10001:10001"),
  /** Writable places; everything else is read-only. */
  tmpfs: z.array(path).default(["/tmp"]),
  /** Memory limit of one replica in MiB. */
  memory: z.number().int().positive().default(256),
  /** CPU limit of one replica in cores. */
  cpus: z.number().positive().default(1),
  /** Seconds between SIGTERM and SIGKILL. */
  stopGrace: z.number().int().min(1).max(3599).default(30),
});

const smokeCheck = z.strictObject({
  name: z.string(),
  method: z.enum(["GET", "HEAD", "POST"]).default("GET"),
  path,
  host: z.string().optional(),
  /** JSON body. */
  body: z.unknown().optional(),
  /** Basic auth: a user name and the name of a system secret. */
  auth: z.strictObject({ user: z.string(), secret: z.string() }).optional(),
  expect: z.strictObject({
    status: z.number().int().default(200),
    /** Each key given must be in the answer with this value. */
    json: z.record(z.string(), z.unknown()).optional(),
    contains: z.string().optional(),
  }),
});

const systemSchema = z.strictObject({
  name,
  services: z.record(name, service),
  database: z.strictObject({ name: z.string(), user: z.string() }),
  secrets: z.record(z.string(), secret).default({}),
  migrations: z.strictObject({
    /** The service whose image holds the migrations. */
    service: name,
    upgrade: argv,
    /** Prints the database's revision. */
    current: argv,
    /** Prints the revision the code wants. */
    heads: argv,
    /** `{revision}` stands for the one to go back to. */
    downgrade: argv.optional(),
    /** Finds, in what a failing `current` prints, the revision of a schema that is further than this code knows:
     * an older version is deployed again. Its first group is the revision. */
    aheadPattern: pattern.optional(),
    /** Finds the revision in what `current` and `heads` print. */
    revisionPattern: pattern.default("[a-f0-9]{12}"),
  }),
  smoke: z.array(smokeCheck).min(1),
});

/** A system to deploy: its services, migrations and smoke list. Defaults are not yet filled in. */
export type SystemDefinition = z.input<typeof systemSchema>;
/** A checked system with its defaults. */
export type System = z.output<typeof systemSchema>;
/** One service of a system. */
export type Service = System["services"][string];
/** One request of the smoke list and what its answer must be. */
export type SmokeCheck = System["smoke"][number];

/** The secret every service with access to the database is given. */
export const databaseUrlSecret = { key: "databaseUrl", file: "database_url" } as const;

/** Names the system's own secrets cannot have. */
const reservedSecrets: readonly string[] = [databaseUrlSecret.key, "databasePassword", "edgeToken"];

/**
 * Checks a system's definition and fills in its defaults.
 * @throws SettingsError naming the key path
 */
export function defineSystem(definition: SystemDefinition): System {
  const parsed = systemSchema.safeParse(definition);
  const where = `systems/${definition.name}.ts`;
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SettingsError(`${where}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "is not valid"}`);
  }
  const system = parsed.data;
  const files = new Set<string>([databaseUrlSecret.file]);
  for (const [key, { file }] of Object.entries(system.secrets)) {
    if (reservedSecrets.includes(key))
      throw new SettingsError(
        `${where}: secrets.${key} is the name of a secret of Turnout itself`,
        "choose another name",
      );
    if (files.has(file))
      throw new SettingsError(`${where}: secrets.${key}.file is "${file}", which another secret has`, "choose another");
    files.add(file);
  }
  for (const [key, entry] of Object.entries(system.services)) {
    const at = `${where}: services.${key}`;
    if (entry.kind === "web" && (entry.port === undefined || entry.health === undefined))
      throw new SettingsError(`${at} is a web service without port or health path`, "add `port` and `health`");
    if (entry.kind === "worker" && (entry.port !== undefined || entry.route !== undefined))
      throw new SettingsError(`${at} is a worker and cannot have a port or a route`, "make it `web` or remove them");
    const unknown = entry.secrets.find((one) => one !== databaseUrlSecret.key && !Object.hasOwn(system.secrets, one));
    if (unknown) throw new SettingsError(`${at}.secrets names "${unknown}", which the system's secrets do not define`);
  }
  if (!Object.hasOwn(system.services, system.migrations.service))
    throw new SettingsError(`${where}: migrations.service names "${system.migrations.service}", which is no service`);
  for (const check of system.smoke)
    if (check.auth && !Object.hasOwn(system.secrets, check.auth.secret))
      throw new SettingsError(`${where}: smoke check "${check.name}" uses the undefined secret "${check.auth.secret}"`);
  return system;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** The services of one kind, in the order they are defined. */
export function servicesOf(system: System, kind: Service["kind"]): [string, Service][] {
  return Object.entries(system.services).filter(([, entry]) => entry.kind === kind);
}

/** The image of a service in a version. */
export function imageOf(service: Service, version: string): string {
  return service.image.replaceAll("{version}", version);
}
