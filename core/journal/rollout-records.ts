import { z } from "zod";
import { color, ofRelease, record } from "./fields.ts";

/** What a watch saw. */
const seen = {
  kind: z.enum(["good", "breach", "shared", "inconclusive"]),
  reasons: z.array(z.string()),
  warnings: z.array(z.string()),
  /** Both colors' figures on one line. */
  figures: z.string(),
};

/** Why traffic returns to the old color. `blame`: the release is at fault. */
const reversal = { why: z.string(), blame: z.boolean() };

/** How a shift or a soak ended. */
const ending = { why: z.string().nullable(), blame: z.boolean(), incident: z.string().optional() };

/** The records of a change of color, in the order in which a rollout goes through them. */
const shiftRecords = [
  record("shift", "begun", {
    ...ofRelease,
    /** The color that was active before; null when none was. */
    from: color.nullable(),
    strategy: z.string(),
    rollback: z.boolean(),
  }),
  /** A step of a canary. `weight` in percent; `seconds` it is watched, not counting time on hold. */
  record("shift", "step", { ...ofRelease, weight: z.number(), seconds: z.number() }),
  /** The end of a stage: `step 0`, `step 1`, … or `bake`. */
  record("shift", "watched", { ...ofRelease, stage: z.string(), ...seen }),
  record("shift", "committing", ofRelease),
  record("shift", "committed", ofRelease),
  /** Before the commit: the candidate is about to lose its share. */
  record("shift", "withdrawing", { ...ofRelease, ...reversal }),
  /** After the commit: all traffic is about to return to the old color. */
  record("shift", "reverting", { ...ofRelease, ...reversal }),
  record("shift", "ended", { ...ofRelease, outcome: z.enum(["committed", "reverted", "withdrawn"]), ...ending }),
] as const;

/** What every record of a soak is about. `soak`: its name, which is that of its service. */
const ofSoak = { ...ofRelease, soak: z.string() };

/** The records of a soak. */
const soakRecords = [
  /** `until`: when it ends if nothing holds it; `epoch`: the edge's, which tells whether something else changed it. */
  record("soak", "begun", { ...ofSoak, from: color, until: z.iso.datetime(), epoch: z.string() }),
  /** Once a minute. `elapsed`: seconds watched so far. */
  record("soak", "watched", { ...ofSoak, elapsed: z.number(), until: z.iso.datetime(), ...seen }),
  record("soak", "reverting", { ...ofSoak, ...reversal }),
  /** `superseded`: something else changes the active color, or is about to. */
  record("soak", "ended", { ...ofSoak, outcome: z.enum(["committed", "reverted", "superseded"]), ...ending }),
] as const;

/** A person's order to the rollout or soak under way, or about an incident. */
const orderRecords = [
  record("order", "promote", ofRelease),
  record("order", "abort", ofRelease),
  record("order", "pause", ofRelease),
  record("order", "resume", ofRelease),
  record("order", "retry", { ...ofRelease, incident: z.string() }),
] as const;

export const rolloutRecords = [...shiftRecords, ...soakRecords, ...orderRecords] as const;
