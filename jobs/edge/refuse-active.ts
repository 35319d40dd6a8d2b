import type { Color } from "../../core/color.ts";
import { command, GuardError } from "../../core/errors.ts";
import type { EdgeAddress } from "../../core/jobs/inputs.ts";
import { stackOf } from "../../core/names.ts";
import type { Strategy } from "../../core/settings/rollout.ts";
import type { JobContext } from "../context.ts";

/**
 * Refuses to prepare a release on the active color, unless by `rolling`. The program has checked that before it began,
 * but another update may have committed this color since, and only a job holds the lock.
 * @throws GuardError
 */
export async function refuseActive(
  input: { prefix: string; color: Color; version: string; release: string; strategy: Strategy; edge: EdgeAddress },
  context: JobContext,
): Promise<void> {
  const { prefix, color, version, release, strategy } = input;
  const { committed, releases, also } = await context.edge(input.edge).state();
  const running = releases[color];
  if (committed !== color || strategy === "rolling" || running === null) return;
  // A release that another one was to replace by `rolling` may return in its place: that deploy is canceled.
  if (running === release || also[color] === release) return;
  throw new GuardError(
    `Another deploy has made ${color} active with ${running}, and ${strategy} never changes the active color. ` +
      "Nothing was changed",
    `deploy it to the other color: ${command(`deploy -- ${version}`, stackOf(prefix))}`,
  );
}
