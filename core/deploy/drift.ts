import type { Color } from "../color.ts";
import { command } from "../errors.ts";
import type { Settings } from "../settings/settings.ts";
import type { Observed } from "./observed.ts";

/** What a stack's settings want to serve. */
type Wanted = Pick<Settings, "activeColor" | "activeVersion" | "stack">;

/**
 * What to say when the edge serves another color than the last `pulumi up` left behind, or was to leave.
 * @returns undefined when they agree
 */
export function driftWarning(observed: Observed, wanted: Wanted): string | undefined {
  const { activeColor, stack } = wanted;
  const recorded = observed.lastRelease?.color;
  if (!recorded) return undefined;
  if (observed.live === undefined)
    return (
      "Drift: the edge does not answer, so nobody can say which color serves. " +
      `\`${command("ops -- status", stack)}\` tells more.`
    );
  const next = observed.live === activeColor ? "This update leaves it so." : `This update shifts to ${activeColor}.`;
  const reversed = describeReverted(observed, recorded, wanted);
  if (reversed) return `Drift: the last update ${reversed}. ${next}`;
  if (observed.live === recorded) return undefined;
  const live = observed.live ?? "no color";
  return `Drift: the last deploy left ${recorded} serving, but the edge serves ${live}. ${next}`;
}

/** What happened to the color that the last update left serving, or was to leave. */
function describeReverted(
  { live, lastReverted }: Observed,
  recorded: Color,
  { activeColor, activeVersion }: Wanted,
): string | undefined {
  if (!lastReverted || !live || lastReverted.color === live) return undefined;
  const { step, color, at, why, incident } = lastReverted;
  const back = `but the ${step} took it back to ${live} at ${at}: ${why}${incident ? ` (incident ${incident})` : ""}`;
  if (recorded === color) return `left ${color} serving, ${back}`;
  const isTriedAgain = activeColor === color && activeVersion === lastReverted.version;
  return isTriedAgain ? `was to leave ${color} serving, ${back}` : undefined;
}
