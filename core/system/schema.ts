import { z } from "zod";
import { group, text, whole, write } from "../settings/refusals.ts";

const named = "a name of at most 31 lower-case letters, digits and dashes, beginning with a letter";
const name = z.string({ error: write(named) }).regex(/^[a-z][a-z0-9-]{0,30}$/, { error: write(named) });
const path = z.string({ error: write("a path") }).startsWith("/", { error: write("a path that begins with /") });
const argvError = write('a command as a list, such as ["alembic", "current"]');
const argv = z.array(z.string({ error: write("one word of the command as text") }), { error: argvError }).min(1, {
  error: argvError,
});
const pattern = z.string({ error: write("a regular expression") }).refine(isPattern, {
  error: write("a regular expression"),
});
const imageError = write("an image reference that contains {version}, so that each color runs its own version");
const userError = write('user and group ids above 0 in quotes, such as "10001:10001"');
const pathsError = write("at least one path, or no `paths`");
const cpusError = write("a number of cores above 0");
const smokeError = write("a list with at least one check");
const flag = z.boolean({ error: write("true or false") });
const texts = (what: string) => z.array(text(what), { error: write("a list") });
const record = <T extends z.ZodType>(value: T, what: string) =>
  z.record(z.string(), value, { error: write(`a group of ${what}`) });

const secret = group({
  /** File name under /run/secrets in the service's containers. */
  file: z.string({ error: write("a file name") }).regex(/^[a-z][a-z0-9_]*$/, {
    error: write("a file name of lower-case letters, digits and underscores, beginning with a letter"),
  }),
  /** What the secret is, for the person who sets it. */
  description: text("what the secret is, for the person who sets it"),
});

const service = group({
  /**
   * A `web` service answers requests through the edge; a `worker` gets its work elsewhere and runs in one color only.
   */
  kind: z.enum(["web", "worker"], { error: write("web or worker") }),
  /** Image reference; `{version}` stands for the color's version. */
  image: z.string({ error: imageError }).includes("{version}", { error: imageError }),
  /** Port the container listens on; required for `web`. */
  port: whole(1, 65535, "a port number").optional(),
  /** Which requests reach it. The longest path prefix wins; without `paths` it gets all remaining requests. */
  route: group({
    paths: z.array(path, { error: pathsError }).min(1, { error: pathsError }).optional(),
    hosts: texts("a host name")
      .min(1, { error: write("at least one host name, or no `hosts`") })
      .optional(),
  }).optional(),
  /** Returns 200 while the process is alive; the edge checks it. Required for `web`. */
  health: path.optional(),
  /**
   * Returns 200 when the service can do its work. Requested through the edge, so its route must match. Default:
   * `health`.
   */
  ready: path.optional(),
  /** Command that Docker runs in the container to check that it is alive. */
  healthCommand: argv,
  /** Whether its answers carry `x-turnout-service` and `x-turnout-release` from the environment, so that the edge can
   * tell it from another service at the same address. Default true. */
  identity: flag.default(true),
  /** Plain environment. Secrets do not belong here. */
  env: record(z.string({ error: write("text in quotes") }), "names with text").default({}),
  /** Names from the system's `secrets`; `databaseUrl` is always available. */
  secrets: texts("the name of a secret").default([]),
  /** User the container runs as, `uid:gid`. */
  user: z
    .string({ error: userError })
    .regex(/^[1-9]\d*(:\d+)?$/, { error: userError })
    .default("10001:10001"),
  /** Writable paths; everything else is read-only. */
  tmpfs: z.array(path, { error: write("a list of paths") }).default(["/tmp"]),
  /** Memory limit of one replica in MiB. */
  memory: whole(1, 1_048_576, "MiB as a whole number").default(256),
  /** CPU limit of one replica in cores. */
  cpus: z.number({ error: cpusError }).positive({ error: cpusError }).default(1),
  /** Seconds between SIGTERM and SIGKILL; workers use the setting `timeouts.workers` instead. */
  stopGrace: whole(1, 3599, "seconds as a whole number").default(30),
});

const smokeCheck = group({
  name: text("what is checked, as text"),
  method: z.enum(["GET", "HEAD", "POST"], { error: write("GET, HEAD or POST") }).default("GET"),
  path,
  host: text("a host name").optional(),
  /** JSON body. */
  body: z.unknown().optional(),
  /** Basic auth: a user name and the name of a system secret. */
  auth: group({ user: text("a user name"), secret: text("the name of a secret") }).optional(),
  expect: group({
    status: whole(100, 599, "a status").default(200),
    /** Keys that the answer must have with these values. */
    json: record(z.unknown(), "keys with their values").optional(),
    contains: text("a part of the answer as text").optional(),
  }),
  /** Whether a shift may send it as a probe. Set false if its answer depends on more than the release, such as on
   * workers. Only GET and HEAD checks without `auth` are sent. Default true. */
  probe: flag.optional(),
});

export const systemSchema = group({
  name,
  services: z.record(name, service, { error: write("a group of services by their names") }),
  database: group({ name: text("the database's name"), user: text("the database's user") }),
  secrets: record(secret, "secrets by their names").default({}),
  migrations: group({
    /** The service whose image holds the migrations. */
    service: name,
    upgrade: argv,
    /** Prints the database's revision. */
    current: argv,
    /** Prints the revision that the code needs. */
    heads: argv,
    /** `{revision}` stands for the revision to downgrade to. */
    downgrade: argv.optional(),
    /** Matches the output of a failing `current` when the schema is newer than this code knows, because an older
     * version is deployed again. Its first group is the revision. */
    aheadPattern: pattern.optional(),
    /** Matches the revision in the output of `current` and `heads`. */
    revisionPattern: pattern.default("[a-f0-9]{12}"),
  }),
  smoke: z.array(smokeCheck, { error: smokeError }).min(1, { error: smokeError }),
  /** The system's own metrics as JSON, read through the edge by a shift and its soak. */
  metrics: group({
    path,
    host: text("a host name").optional(),
    /** The key of the error rate in percent. */
    errorRate: text("a key of the answer").optional(),
    /** The key of the mean response time in seconds. */
    seconds: text("a key of the answer").optional(),
  }).optional(),
});

/** A system to deploy: its services, migrations and smoke tests, before defaults are filled in. */
export type SystemDefinition = z.input<typeof systemSchema>;
/** A checked system with defaults filled in. */
export type System = z.output<typeof systemSchema>;
/** One service of a system. */
export type Service = System["services"][string];
/** A smoke test: a request and its expected answer. */
export type SmokeCheck = System["smoke"][number];

/** The secret that gives a service access to the database. */
export const databaseUrlSecret = { key: "databaseUrl", file: "database_url" } as const;

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** The services of one kind, in the order of their definition. */
export function servicesOf(system: System, kind: Service["kind"]): [string, Service][] {
  return Object.entries(system.services).filter(([, entry]) => entry.kind === kind);
}

/** The image of a service for a version. */
export function imageOf(service: Service, version: string): string {
  return service.image.replaceAll("{version}", version);
}
