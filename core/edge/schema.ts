import { z } from "zod";
import { colors } from "../color.ts";
import { counterSlots } from "./config.ts";

const color = z.enum(colors);
const perColor = <T extends z.ZodType>(value: T) => z.object({ blue: value, green: value });

/** The bodies the agent takes. Unknown keys are errors. */
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

/** What the agent keeps in state.json. What older agents did not write has a default. */
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

/** What every change and `GET /v1/state` answer. */
export const stateAnswer = z.object({
  committed: color.nullable(),
  candidate: color.nullable(),
  /** The candidate's share in percent. */
  weight: z.number(),
  lease: z.object(timeLeft).nullable(),
  /** Until when visitors whose cookie names this color, which served before, are still served by it. */
  skew: z.object({ color, ...timeLeft }).nullable(),
  /**
   * When the color that served before begins to lose what is `left` of it on the public entrance from before the
   * commit. `left` is 0, too, while HAProxy does not answer.
   */
  drain: z.object({ color, ...timeLeft, left: z.number() }).nullable(),
  /** While there is one, the public entrance answers 503 to everything, whoever serves. */
  maintenance: z.object({ retryAfterSeconds: z.number() }).nullable(),
  releases: perColor(z.string().nullable()),
  /** The second release of a color that is trusted, too. */
  also: perColor(z.string().nullable()),
  preview: color.nullable(),
  epoch: z.string(),
  /** What HAProxy itself answers; null when it does not. */
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
  /** True when every worker of HAProxy does what the state says. */
  agrees: z.boolean(),
  haproxy: z.object({
    alive: z.boolean(),
    /** Of the newest worker, in the edge's container. */
    pid: z.number().nullable(),
    uptimeSeconds: z.number().nullable(),
    /** Workers from before a reload that still have connections. */
    oldWorkers: z.number(),
  }),
  /** `hash` is that of the configuration HAProxy has loaded; `pending` when the file holds another one. */
  config: z.object({ hash: z.string().nullable(), pending: z.boolean() }),
  /** Random for each start of the agent. */
  instance: z.string(),
});

/** What `GET /v1/servers` answers: the replicas of each service of each color that the edge knows of. */
export const serversAnswer = z.object({
  services: z.array(
    z.object({
      color,
      service: z.string(),
      /** Replicas that get requests and have passed a check. */
      up: z.number(),
      /** Replicas the edge has an address of. */
      total: z.number(),
      /** `check` says why a replica is up or down, in HAProxy's words. */
      servers: z.array(z.object({ address: z.string(), status: z.string(), check: z.string() })),
    }),
  ),
});

const counts = z.object({
  /** Requests taken; the ones not among the answers are under way or were given up by the client. */
  requests: z.number(),
  ...(Object.fromEntries(counterSlots.map((name) => [name, z.number()])) as Record<
    (typeof counterSlots)[number],
    z.ZodNumber
  >),
});

/** What `GET /v1/counters` answers. Counts only grow while `worker` stays. They outlive a reload, except for the
 * few answers that the old worker still gives on connections from before it; a killed HAProxy starts at zero. */
export const countersAnswer = z.object({
  worker: z.number(),
  public: perColor(counts),
  preview: perColor(counts),
});

/** What `PUT /v1/config` answers. */
export const configAnswer = z.object({ hash: z.string(), reloaded: z.boolean() });

/** Every error's body. `words` are HAProxy's own, for an invalid configuration. */
export const errorAnswer = z.object({ error: z.string(), message: z.string(), words: z.string().optional() });

export type StateAnswer = z.output<typeof stateAnswer>;
export type ServersAnswer = z.output<typeof serversAnswer>;
export type CountersAnswer = z.output<typeof countersAnswer>;
export type Counts = z.output<typeof counts>;
export type ConfigAnswer = z.output<typeof configAnswer>;
