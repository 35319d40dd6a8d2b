import type { Color } from "../color.ts";
import { defaultDrainSpreadMs } from "./drain.ts";
import { EdgeRefusal, mustBeColor, mustBeName, mustBeWithin } from "./refusal.ts";
import { type EdgeState, withoutCandidate } from "./state.ts";
import { deadlineIn, type EdgeTime } from "./time.ts";

/** All traffic to one color. */
export type Commit = {
  color: Color;
  /** Identifies this commit among others of the same color; repeating a commit with the same epoch changes nothing. */
  epoch: string;
  /** Refused unless this color is active, or no color if null. Default: any. */
  expectedCommitted?: Color | null | undefined;
  /** How long users whose cookie names the previous color stay on it while it has replicas, in ms. Default 0. */
  skewMs?: number | undefined;
  /** When to begin closing the previous color's sessions from before the commit, in ms from now. Default: never. */
  drainMs?: number | undefined;
  /** Over how long the closing is spread, in ms. Default 30,000. */
  drainSpreadMs?: number | undefined;
};
/** The longest skew, drain or spread: a day. */
const longestAfterCommitMs = 86_400_000;

/**
 * The state after a commit. It ends the candidate, the skew of an earlier commit, and the drain of the color that
 * becomes active again.
 * @throws EdgeRefusal when it does not fit the state
 */
export function commit(state: EdgeState, change: Commit, now: EdgeTime): EdgeState {
  const { color, epoch, expectedCommitted, skewMs = 0, drainMs, drainSpreadMs } = change;
  mustBeColor(color);
  mustBeName("bad-epoch", "epoch", epoch);
  mustBeWithin("bad-skew", "a skew in milliseconds", skewMs, 0, longestAfterCommitMs);
  mustBeWithin("bad-drain", "a drain in milliseconds", drainMs ?? 0, 0, longestAfterCommitMs);
  mustBeWithin("bad-drain", "a drain's spread in milliseconds", drainSpreadMs ?? 0, 0, longestAfterCommitMs);
  if (state.releases[color] === null)
    throw new EdgeRefusal("no-release", `${color} has no announced release`, "announce it before the commit");
  // The caller may have lost the answer and retried: skew and drain must not start again.
  if (state.committed === color && state.epoch === epoch) return withoutCandidate(state);
  if (expectedCommitted !== undefined && expectedCommitted !== state.committed)
    throw new EdgeRefusal(
      "committed-differs",
      `the commit of ${color} expects ${expectedCommitted ?? "no color"} to be active, ` +
        `but ${state.committed ?? "no color"} is`,
      "check which color is active and decide again",
    );
  const moved = { ...withoutCandidate(state), committed: color, epoch, skew: null };
  if (state.committed === color) return moved;
  const previous = state.committed;
  return {
    ...moved,
    skew: previous && skewMs > 0 ? { color: previous, ...deadlineIn(skewMs, now) } : null,
    // An earlier drain can only be that of the color that is active again now.
    drain:
      previous && drainMs !== undefined
        ? { color: previous, spreadMs: drainSpreadMs ?? defaultDrainSpreadMs, ...deadlineIn(drainMs, now) }
        : null,
  };
}
