import { z } from "zod";
import { colors } from "../color.ts";

/** The version of the record format that this program writes. */
export const recordVersion = 2;

/** SHA-256 as hexadecimal text. */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "is not a SHA-256 in hexadecimal");

/** What every record has. */
const common = {
  /** Records of a newer program have a higher one. */
  v: z.number().int().min(recordVersion),
  /** ISO 8601 in UTC. */
  at: z.iso.datetime(),
  operator: z.string(),
  /** SHA-256 of the line before; a record of 0.1.0 or 0.2.0 has none. */
  prev: sha256.optional(),
};

export const color = z.enum(colors);

/** The release that a record is about. */
export const ofRelease = { color, version: z.string(), release: z.string() };

/** A record of one step and event with its fields. Fields it does not know are dropped: a newer program may add some. */
export function record<S extends string, E extends string, F extends z.ZodRawShape>(step: S, event: E, fields: F) {
  return z.object({ ...common, step: z.literal(step), event: z.literal(event), ...fields });
}

/** A record whose step or event this program does not know; `line` is the record as it is in the journal. */
export const unknownRecord = z.object({
  ...common,
  step: z.literal("unknown"),
  event: z.literal("unknown"),
  color: color.optional().catch(undefined),
  version: z.string().optional().catch(undefined),
  release: z.string().optional().catch(undefined),
  line: z.looseObject({ step: z.string(), event: z.string() }),
});
