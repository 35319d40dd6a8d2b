import type { Color } from "../color.ts";

/** One line of the journal: what happened, and when. Holds no secret. */
export interface JournalRecord {
  /** ISO 8601 in UTC. */
  at: string;
  step: string;
  /**
   * Every step has `started` and then `done` or `failed`. A shift adds what its rollout goes through, in this order:
   * `begun` {from}, `trial` {weight, seconds}, `watched` {figures} at the end of a step, `undoing` {why, blame} before it
   * goes back, `committed`, `ended` {outcome, why, blame, incident}. A soak has no `started` and `done`, but `begun`
   * {soak, from, until, epoch}, `watched` {elapsed, until, figures} every minute, `undoing` {why, blame, epoch} and `ended`,
   * each with its name `soak`; its `outcome` may also be `superseded`, which whoever changes the color next may write.
   * A person's order is a record of the step `order` with the order as its event: promote, abort, pause, resume, or
   * `retry` {incident, release}.
   */
  event: string;
  operator: string;
  color?: Color;
  version?: string;
  release?: string;
  /** Milliseconds from start to end. */
  took?: number;
  /** The sentence a failed step ended with. */
  error?: string;
  [detail: string]: unknown;
}

/** A detail that is text; empty where the record has none. */
export function textOf(detail: unknown): string {
  return typeof detail === "string" ? detail : "";
}
