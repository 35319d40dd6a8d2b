import type { Color } from "../color.ts";
import { defaultDrainSpreadMs } from "./drain.ts";
import { EdgeRefusal, mustBeColor, mustBeName, mustBeWithin } from "./refusal.ts";
import { type EdgeState, withoutCandidate } from "./state.ts";
import { deadlineIn, type EdgeTime } from "./time.ts";

/** Everybody to a color. */
export type Commit = {
  color: Color;
  /** Tells this commit from others of the same color; asked for again under the same one, it changes nothing. */
  epoch: string;
  /** Refused unless this color serves, or none for null. Default: whoever serves. */
  expectedCommitted?: Color | null | undefined;
  /** How long visitors whose cookie names the color before stay there while it has replicas, in milliseconds. Default 0. */
  skewMs?: number | undefined;
  /** When the color before begins to lose what began there before the commit, in milliseconds from now. Default: never. */
  drainMs?: number | undefined;
  /** Over how long that is spread, in milliseconds. Default 30,000. */
  drainSpreadMs?: number | undefined;
};
/** The longest time after a commit that can be asked for: a day. */
const longestAfterCommitMs = 86_400_000;

/**
 * The state after a commit. It ends a trial and the skew of a commit before it, and the drain of the
 * color that serves again.
 * @throws EdgeRefusal when it does not fit
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
  // Its answer may have been lost: what runs since then must not start anew.
  if (state.committed === color && state.epoch === epoch) return withoutCandidate(state);
  if (expectedCommitted !== undefined && expectedCommitted !== state.committed)
    throw new EdgeRefusal(
      "committed-differs",
      `${state.committed ?? "no color"} serves, not ${expectedCommitted ?? "none"} as the commit of ${color} expects`,
      "look at who serves and decide anew",
    );
  const moved = { ...withoutCandidate(state), committed: color, epoch, skew: null };
  if (state.committed === color) return moved;
  const left = state.committed;
  return {
    ...moved,
    skew: left && skewMs > 0 ? { color: left, ...deadlineIn(skewMs, now) } : null,
    // A drain of before can only be that of the color that serves again now.
    drain:
      left && drainMs !== undefined
        ? { color: left, spreadMs: drainSpreadMs ?? defaultDrainSpreadMs, ...deadlineIn(drainMs, now) }
        : null,
  };
}
