import { z } from "zod";
import { colors } from "../color.ts";
import { counterSlots } from "./config.ts";

const color = z.enum(colors);
const perColor = <T extends z.ZodType>(value: T) => z.object({ blue: value, green: value });

/** The request bodies of the agent. Unknown keys are errors. */
export const requests = {
  release: z.strictObject({ color, release: z.string(), also: z.string().optional() }),
  commit: z.strictObject({
    color,
    epoch: z.string(),
    expectedCommitted: color.nullable().optional(),
    skewMs: z.number().optional(),
    drainMs: z.number().optional(),
    drainSpreadMs: z.number().optional(),
  }),
  candidate: z.strictObject({ color, weight: z.number(), leaseMs: z.number() }),
  maintenance: z.strictObject({ on: z.boolean(), retryAfterSeconds: z.number().optional() }),
  lease: z.strictObject({ leaseMs: z.number() }),
  config: z.strictObject({
    text: z.string().min(1),
    hash: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex"),
  }),
};

const deadline = { ttlMs: z.number(), expiresAt: z.number(), bootId: z.string(), deadlineMs: z.number() };

/** The content of the agent's state.json. Fields that older agents did not write have defaults. */
export const storedState = z.strictObject({
  committed: color.nullable(),
  candidate: color.nullable(),
  weight: z.number().int().min(0).max(100),
  lease: z.strictObject(deadline).nullable(),
  skew: z
    .strictObject({ color, ...deadline })
    .nullable()
    .default(null),
  drain: z
    .strictObject({ color, spreadMs: z.number(), ...deadline })
    .nullable()
    .default(null),
  maintenance: z.strictObject({ retryAfterSeconds: z.number() }).nullable().default(null),
  releases: z.strictObject({ blue: z.string().nullable(), green: z.string().nullable() }),
  also: z
    .strictObject({ blue: z.string().nullable(), green: z.string().nullable() })
    .default({ blue: null, green: null }),
  announced: color.nullable(),
  epoch: z.string(),
});

/** `remainingMs` counts down; `expiresAt` is epoch milliseconds by the server's wall clock. */
const timeLeft = { ttlMs: z.number(), expiresAt: z.number(), remainingMs: z.number() };

/** The answer to every change and to `GET /v1/state`. */
export const stateAnswer = z.object({
  committed: color.nullable(),
  candidate: color.nullable(),
  /** The candidate's share in percent. */
  weight: z.number(),
  lease: z.object(timeLeft).nullable(),
  /** Until when users whose cookie names this color, which was active before, stay on it. */
  skew: z.object({ color, ...timeLeft }).nullable(),
  /**
   * When the edge begins to close the previously active color's sessions from before the commit. `left` is how many
   * remain on the public entrance; it is also 0 while HAProxy is unreachable.
   */
  drain: z.object({ color, ...timeLeft, left: z.number() }).nullable(),
  /** While there is one, the public entrance answers 503 to every request, whichever color is active. */
  maintenance: z.object({ retryAfterSeconds: z.number() }).nullable(),
  releases: perColor(z.string().nullable()),
  /** A second release of each color that is also trusted. */
  also: perColor(z.string().nullable()),
  preview: color.nullable(),
  epoch: z.string(),
  /** The state that HAProxy itself reports; null when it is unreachable. */
  live: z
    .object({
      committed: color.nullable(),
      candidate: color.nullable(),
      weight: z.number(),
      preview: color.nullable(),
      skew: color.nullable(),
      maintenance: z.object({ retryAfterSeconds: z.number() }).nullable(),
      releases: perColor(z.string().nullable()),
      also: perColor(z.string().nullable()),
    })
    .nullable(),
  /** Whether every HAProxy worker matches the state. */
  agrees: z.boolean(),
  haproxy: z.object({
    alive: z.boolean(),
    /** The newest worker's, in the edge's container. */
    pid: z.number().nullable(),
    uptimeSeconds: z.number().nullable(),
    /** Workers from before a reload that still have connections. */
    oldWorkers: z.number(),
  }),
  /** `hash` is that of the configuration that HAProxy has loaded; `pending` is true when the file has another one. */
  config: z.object({ hash: z.string().nullable(), pending: z.boolean() }),
  /** Random for each start of the agent. */
  instance: z.string(),
});

/** The answer to `GET /v1/servers`: the replicas that the edge knows of, by color and service. */
export const serversAnswer = z.object({
  services: z.array(
    z.object({
      color,
      service: z.string(),
      /** Replicas that receive requests and have passed a check. */
      up: z.number(),
      /** Replicas whose address the edge knows. */
      total: z.number(),
      /** `check` is HAProxy's own text on why a replica is up or down. */
      servers: z.array(z.object({ address: z.string(), status: z.string(), check: z.string() })),
    }),
  ),
});

const counts = z.object({
  /** Requests received; those without an answer are in progress or were aborted by the client. */
  requests: z.number(),
  ...(Object.fromEntries(counterSlots.map((name) => [name, z.number()])) as Record<
    (typeof counterSlots)[number],
    z.ZodNumber
  >),
});

/**
 * The answer to `GET /v1/counters`. Counts only grow while `worker` stays the same. They survive a reload, except for the
 * few answers that the old worker still sends on its connections; a killed HAProxy starts at zero.
 */
export const countersAnswer = z.object({
  worker: z.number(),
  public: perColor(counts),
  preview: perColor(counts),
});

/** The answer to `PUT /v1/config`. */
export const configAnswer = z.object({ hash: z.string(), reloaded: z.boolean() });

/** The body of every error. `words` is HAProxy's own message about an invalid configuration. */
export const errorAnswer = z.object({ error: z.string(), message: z.string(), words: z.string().optional() });

export type StateAnswer = z.output<typeof stateAnswer>;
export type ServersAnswer = z.output<typeof serversAnswer>;
export type CountersAnswer = z.output<typeof countersAnswer>;
export type Counts = z.output<typeof counts>;
export type ConfigAnswer = z.output<typeof configAnswer>;
