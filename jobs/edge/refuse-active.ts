import type { Color } from "../../core/color.ts";
import { command, GuardError } from "../../core/errors.ts";
import type { EdgeAddress } from "../../core/jobs/inputs.ts";
import { stackOf } from "../../core/names.ts";
import type { Strategy } from "../../core/settings/rollout.ts";
import type { JobContext } from "../context.ts";

/**
 * Refuses to prepare a release in the place of the one that serves, unless it is to roll over it. The program has asked
 * that before it began; another update may have committed this very color since, and only a job is alone at work.
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
  // What another release was to roll over may come back in its place: that deploy is given up.
  if (running === release || also[color] === release) return;
  throw new GuardError(
    `Another deploy has made ${color} serve ${running}, and ${strategy} never changes the color that serves; ` +
      "nothing was changed",
    `deploy it anew, to the other color: ${command(`deploy -- ${version}`, stackOf(prefix))}`,
  );
}
