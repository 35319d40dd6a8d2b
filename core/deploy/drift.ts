import type { Color } from "../color.ts";
import { command } from "../errors.ts";
import type { Settings } from "../settings/settings.ts";
import type { Observed } from "./observed.ts";

/** The color and version that a stack's settings make active. */
type Wanted = Pick<Settings, "activeColor" | "activeVersion" | "stack">;

/**
 * A warning when the edge routes to another color than the last `pulumi up` made active, or was to make active.
 * @returns undefined when they agree
 */
export function driftWarning(observed: Observed, wanted: Wanted): string | undefined {
  const { activeColor, stack } = wanted;
  const recorded = observed.lastRelease?.color;
  if (!recorded) return undefined;
  if (observed.live === undefined)
    return (
      "Drift: the edge is unreachable, so the active color is unknown. " +
      `Run \`${command("ops -- status", stack)}\` for details.`
    );
  const next = observed.live === activeColor ? "This update changes nothing." : `This update shifts to ${activeColor}.`;
  const reversed = describeReverted(observed, recorded, wanted);
  if (reversed) return `Drift: the last update ${reversed}. ${next}`;
  if (observed.live === recorded) return undefined;
  const live = observed.live ?? "no color";
  return `Drift: the last update left ${recorded} active, but the edge routes to ${live}. ${next}`;
}

/** How the color that the last update made active, or was to make active, was reverted. */
function describeReverted(
  { live, lastReverted }: Observed,
  recorded: Color,
  { activeColor, activeVersion }: Wanted,
): string | undefined {
  if (!lastReverted || !live || lastReverted.color === live) return undefined;
  const { step, color, at, why, incident } = lastReverted;
  const end = `but the ${step} reverted to ${live} at ${at}: ${why}${incident ? ` (incident ${incident})` : ""}`;
  if (recorded === color) return `left ${color} active, ${end}`;
  const isRetried = activeColor === color && activeVersion === lastReverted.version;
  return isRetried ? `was to make ${color} active, ${end}` : undefined;
}
