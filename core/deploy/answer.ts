import { z } from "zod";
import { colors } from "../color.ts";
import { TurnoutError } from "../errors.ts";
import { nothingObserved, type Observed } from "./observed.ts";

/**
 * The version of what a job answers. The ops image on the server may be older than this checkout, for an update observes
 * before it changes anything; it may be newer, when somebody else has updated it. 1, which answers did not name yet: 0.1.0
 * and 0.2.0. A field that is added with a default needs no new number.
 */
export const protocol = 2;

const color = z.enum(colors);
const text = z.string().nullable().default(null);
const perColor = z.object({ blue: text, green: text }).default({ blue: null, green: null });
const at = z.string();

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
  services: z
    .array(
      z.object({
        service: z.string(),
        color,
        kind: z.enum(["web", "worker"]),
        wanted: z.number(),
        ready: z.number(),
      }),
    )
    .default([]),
  unready: text,
  handover: z.boolean().default(false),
  schemaRevision: text,
  lastBackup: text,
  lastRelease: z.object({ color, release: z.string(), at }).nullable().default(null),
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
  edge: z.enum(["up", "down"]).default("down"),
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
  const parsed = observed.safeParse(answer);
  if (!parsed.success) throw unreadable(parsed.error.issues[0]?.path.join(".") ?? "");
  return { ...nothingObserved, ...parsed.data, live: parsed.data.live, epoch: parsed.data.epoch };
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
      `The server runs a later version of Turnout than this checkout (protocol ${fields.protocol} instead of ${protocol})`,
      "update this checkout and run the command again",
    );
  return fields;
}

function unreadable(where: string): TurnoutError {
  return new TurnoutError(
    `The answer of the ops image on the server cannot be read${where && ` (${where})`}`,
    "see the image's logs, or run the command again",
  );
}
