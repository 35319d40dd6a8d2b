import { z } from "zod";
import { color, ofRelease, record } from "./fields.ts";

/** Milliseconds from start to end. */
const took = z.number().nonnegative();

/**
 * The records of a job: it started, and is done or failed. A `started` alone means that the job was killed, or still
 * runs.
 * @param about the fields of all three
 * @param result what `done` adds
 */
function ofJob<S extends string, A extends z.ZodRawShape, R extends z.ZodRawShape>(step: S, about: A, result: R) {
  return [
    record(step, "started", about),
    record(step, "done", { ...about, took, ...result }),
    record(step, "failed", { ...about, took, error: z.string() }),
  ] as const;
}

/** A revision of the database's schema; null before the first migration. */
const revision = z.string().nullable();

/** The records of the jobs that change the system, one at a time. */
export const jobRecords = [
  ...ofJob("edge-config", {}, { hash: z.string() }),
  ...ofJob("backup", ofRelease, { file: z.string(), bytes: z.number(), sha256: z.string(), tables: z.number() }),
  ...ofJob("migration", ofRelease, { from: revision, revision }),
  /** `running`: the color's workers were started; false: they were stopped. */
  ...ofJob("workers", { color }, { running: z.boolean() }),
  ...ofJob("smoke", ofRelease, { checks: z.number() }),
  ...ofJob("shift", { ...ofRelease, epoch: z.string().optional() }, { from: color.nullable() }),
  ...ofJob("handover", { color, release: z.string().optional() }, {}),
  /** The schema has changed, even if the deploy fails later. */
  record("migrated", "done", { ...ofRelease, from: revision, revision: z.string() }),
] as const;
