import { z } from "zod";
import { colors } from "../color.ts";
import { TurnoutError } from "../errors.ts";
import type { OrderResult } from "../jobs/inputs.ts";
import { chainReport } from "../journal/chain.ts";
import { nothingObserved, type Observed } from "./observed.ts";

/**
 * The version of what a reader's job answers. The ops image on the server may be older than this checkout, since an
 * update observes before it changes anything; it may be newer when another operator has updated it. Answers of 0.1.0 and
 * 0.2.0 have no version: they are 1. A field that is added with a default needs no new number.
 */
export const protocol = 2;

const color = z.enum(colors);
const text = z.string().nullable().default(null);
const perColor = z.object({ blue: text, green: text }).default({ blue: null, green: null });
const at = z.string();

/**
 * Fields that are required were in the answer of every released version: without them a guard would take a broken answer
 * for an empty server.
 */
const observed = z.object({
  maintenance: z.boolean().default(false),
  live: color.nullable().optional(),
  candidate: color.nullable().default(null),
  weight: z.number().default(0),
  releases: perColor,
  also: perColor,
  versions: perColor,
  proven: perColor,
  epoch: z.string().optional(),
  services: z.array(
    z.object({
      service: z.string(),
      color,
      kind: z.enum(["web", "worker"]),
      wanted: z.number(),
      ready: z.number(),
    }),
  ),
  unready: text,
  handover: z.boolean().default(false),
  schemaRevision: text,
  lastBackup: text,
  lastRelease: z.object({ color, release: z.string(), at }).nullable(),
  incidents: z
    .array(
      z.object({
        id: z.string(),
        at,
        color,
        version: z.string(),
        release: z.string(),
        why: z.string(),
        step: z.string(),
      }),
    )
    .default([]),
  canaryStep: z.object({ since: at, seconds: z.number(), paused: z.boolean() }).nullable().default(null),
  soak: z.object({ color, version: z.string(), until: z.string() }).nullable().default(null),
  lastReverted: z
    .object({ at, step: z.string(), color, version: z.string(), why: z.string(), incident: text })
    .nullable()
    .default(null),
  edge: z.enum(["up", "down"]),
  invalidJournalLines: z.number().default(0),
});

const ordered = z.object({
  ...{ step: z.string(), at, order: z.enum(["promote", "abort", "pause", "resume", "retry"]) },
  of: z.enum(["shift", "soak", "incident"]),
  ...{ color, version: z.string(), release: z.string(), incident: text },
});

/** Names that fields had in protocol 1. */
const renamed = { trial: "canaryStep", lastUndone: "lastReverted" } as const;

/**
 * What `observe` answered, whichever version of the ops image gave it.
 * @param line the last line of the job's output
 * @throws TurnoutError when it cannot be read, or is of a later protocol
 */
export function parseObserved(line: string): Observed {
  const answer = parseAnswer(line);
  for (const [old, now] of Object.entries(renamed)) if (old in answer && !(now in answer)) answer[now] = answer[old];
  const fields = checked(observed, answer);
  return { ...nothingObserved, ...fields, live: fields.live, epoch: fields.epoch };
}

/**
 * What `order` answered.
 * @param line the last line of the job's output
 * @throws TurnoutError when it cannot be read, or is of a later protocol
 */
export function parseOrdered(line: string): OrderResult {
  return checked(ordered, parseAnswer(line));
}

/** What `log` answers. An older ops image reports neither invalid lines nor its chain. */
const logged = z.object({
  records: z.array(z.unknown()),
  bad: z.array(z.object({ line: z.number(), why: z.string() })).default([]),
  chain: chainReport.nullable().default(null),
});

/**
 * What `log` answered: the journal's records, oldest first, as they were written, its invalid lines, and its chain.
 * @param line the last line of the job's output
 * @throws TurnoutError when it cannot be read, or is of a later protocol
 */
export function parseLog(line: string): z.output<typeof logged> {
  return checked(logged, parseAnswer(line));
}

function checked<T>(schema: z.ZodType<T>, answer: object): T {
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw unreadable(parsed.error.issues[0]?.path.join(".") ?? "");
  return parsed.data;
}

/**
 * The fields of a job's answer.
 * @throws TurnoutError when it cannot be read, or is of a later protocol
 */
export function parseAnswer(line: string): Record<string, unknown> {
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    throw unreadable("");
  }
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) throw unreadable("");
  const fields = answer as Record<string, unknown>;
  if (typeof fields.protocol === "number" && fields.protocol > protocol)
    throw new TurnoutError(
      `The server runs a newer version of Turnout than this machine (protocol ${fields.protocol} instead of ${protocol})`,
      "update Turnout on this machine and run the command again",
    );
  return fields;
}

function unreadable(where: string): TurnoutError {
  return new TurnoutError(
    `The answer of the ops image on the server is incomplete or invalid${where && ` (${where})`}`,
    "run the command again",
  );
}
