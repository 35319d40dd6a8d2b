import { type Color, otherColor } from "./color.ts";
import { GuardError } from "./errors.ts";
import type { Observed } from "./observed.ts";
import type { Settings } from "./settings.ts";

/** Config lines to write before `pulumi up`; null removes one. */
export type ConfigChange = Record<string, string | null>;

/** What a command is going to do, or why there is nothing to do. */
export type Plan = { change: ConfigChange; color: Color; version: string; sentence: string } | { nothing: string };

/**
 * What `deploy` does: the idle color gets the version and becomes the one to serve.
 * @throws GuardError when the edge cannot say who serves
 */
export function planDeploy(version: string, settings: Settings, observed: Observed): Plan {
  const live = knownLive(observed);
  if (live && observed.versions[live] === version && settings.activeColor === live)
    return { nothing: `${version} already serves, on ${live}. Nothing to do.` };
  const color = live ? otherColor(live) : settings.activeColor;
  const from = live ? `${live} ${observed.versions[live] ?? ""}`.trim() : "nothing";
  return {
    change: { [`versions.${color}`]: version, activeColor: color },
    color,
    version,
    sentence: `Deploying ${version} to ${color}; ${from} serves until every step is through.`,
  };
}

/**
 * What `rollback` does: back to the other color, which is still warm. After a deploy that failed before it served
 * anybody, it gives that deploy up instead.
 * @throws GuardError when there is nothing to go back to
 */
export function planRollback(settings: Settings, observed: Observed): Plan {
  const live = knownLive(observed);
  if (!live) throw new GuardError("No color serves yet, so there is nothing to go back to", "deploy a version first");
  if (settings.activeColor !== live) return giveUp(live, settings, observed);
  const color = otherColor(live);
  const version = settings.versions[color];
  if (!version)
    throw new GuardError(
      `${color} has no version, so there is nothing to go back to`,
      "deploy the version you want: npm run deploy -- VERSION",
    );
  const cold = observed.services.find((one) => one.color === color && one.kind === "web" && one.ready < one.wanted);
  if (cold || !observed.services.some((one) => one.color === color))
    throw new GuardError(
      `${color} is not warm any more (${cold ? `${cold.ready} of ${cold.wanted} replicas of ${cold.service}` : "no services"})`,
      `deploy its version anew: npm run deploy -- ${version}`,
    );
  return {
    change: { activeColor: color },
    color,
    version,
    sentence: `Going back to ${color} ${version}, which is still warm.`,
  };
}

/** The deploy to the idle color never served; without its version, the next `up` is clean again. */
function giveUp(live: Color, settings: Settings, observed: Observed): Plan {
  const idle = otherColor(live);
  const version = observed.versions[live] ?? settings.versions[live] ?? "";
  return {
    change: { activeColor: live, [`versions.${live}`]: version, [`versions.${idle}`]: null },
    color: live,
    version,
    sentence: `${live} ${version} still serves; giving up the deploy of ${settings.versions[idle] ?? "nothing"} to ${idle}.`,
  };
}

function knownLive(observed: Observed): Color | null {
  if (observed.live === undefined)
    throw new GuardError(
      "The edge does not answer, so nobody can say which color serves",
      "look at `npm run ops -- status`, mend the edge, and try again",
    );
  return observed.live;
}
