import { type Color, otherColor } from "../color.ts";
import { command, GuardError } from "../errors.ts";
import { describeIncident, incidentOf } from "../journal/incidents.ts";
import type { Settings } from "../settings/settings.ts";
import type { Observed } from "./observed.ts";

/** Config lines to write before `pulumi up`; null removes one. */
export type ConfigChange = Record<string, string | null>;

/** What a command is going to do, or why there is nothing to do. */
export type Plan = { change: ConfigChange; color: Color; version: string; sentence: string } | { nothing: string };

/**
 * What `deploy` does: the idle color gets the version and becomes the one to serve. The color that serves is written
 * down as it is, whatever an earlier deploy that did not get through has left.
 * @param recorded the color the state has; it lags behind when an update was killed after its shift
 * @throws GuardError when the edge cannot say who serves
 */
export function planDeploy(
  version: string,
  settings: Settings,
  observed: Observed,
  recorded: Color | null = observed.live ?? null,
): Plan {
  const live = knownLive(observed, settings);
  if (live && observed.versions[live] === version && settings.activeColor === live) {
    if (recorded === live) return { nothing: `${version} already serves, on ${live}. Nothing to do.` };
    const sentence = `${version} already serves, on ${live}; finishing the update that was cut short.`;
    return { change: asItServes(live, settings, observed), color: live, version, sentence };
  }
  if (live && settings.strategy === "rolling") return planRolling(version, live, observed);
  const color = live ? otherColor(live) : settings.activeColor;
  const from = live ? `${live} ${observed.versions[live] ?? ""}`.trim() : "nothing";
  return {
    change: { ...asItServes(live, settings, observed), [`versions.${color}`]: version, activeColor: color },
    color,
    version,
    sentence: `Deploying ${version} to ${color}; ${from} serves until every step is through.`,
  };
}

/** In place: the color that serves gets the version, one replica after the other. */
function planRolling(version: string, live: Color, observed: Observed): Plan {
  return {
    change: { [`versions.${live}`]: version, activeColor: live },
    color: live,
    version,
    sentence: `Rolling ${version} over ${live} ${observed.versions[live] ?? ""}, one replica after the other.`,
  };
}

/**
 * What `rollback` does: back to the other color, which is still warm. After a deploy that failed before it served
 * anybody, it gives that deploy up instead.
 * @throws GuardError when there is nothing to go back to
 */
export function planRollback(settings: Settings, observed: Observed): Plan {
  const live = knownLive(observed, settings);
  if (!live) throw new GuardError("No color serves yet, so there is nothing to go back to", "deploy a version first");
  if (settings.activeColor !== live) return cancelDeploy(live, settings, observed);
  const { stack } = settings;
  const color = otherColor(live);
  const version = observed.versions[color] ?? settings.versions[color];
  // With no color to go back to, it is a release that did not get through in the serving color's place.
  if (!version || !isWarm(color, observed)) {
    const inPlace = cancelInPlace(live, settings, observed);
    if (inPlace) return inPlace;
  }
  if (!version)
    throw new GuardError(
      `${color} has no version, so there is nothing to go back to`,
      `deploy the version you want: ${command("deploy -- VERSION", stack)}`,
    );
  const incident = incidentOf(observed.incidents, version, observed.releases[color]);
  if (incident)
    throw new GuardError(
      `${color} ${version} was taken back ${describeIncident(incident)}, so it is nothing to go back to`,
      `deploy the version you want: ${command("deploy -- VERSION", stack)}`,
    );
  if (observed.versions[color] === null)
    throw new GuardError(
      `${color} ${version} is gone: none of its services is on the server, so there is nothing to go back to now`,
      `bring it back beside the serving color with \`${command("pulumi -- up --refresh", stack)}\`, then run this again`,
    );
  if (!isWarm(color, observed))
    throw new GuardError(
      `${color} is not warm any more: not every replica of it is ready`,
      `deploy its version anew: ${command(`deploy -- ${version}`, stack)}`,
    );
  return {
    change: {
      ...asItServes(live, settings, observed),
      ...(settings.versions[color] === version ? {} : { [`versions.${color}`]: version }),
      activeColor: color,
    },
    color,
    version,
    sentence: `Going back to ${color} ${version}, which is still warm.`,
  };
}

/**
 * The settings want the idle color, but the edge never got there or was taken back. A color that is still warm is
 * written down as it runs, so that there is something to go back to; what never passed its smoke test, or has an
 * incident, is nothing to go back to: it loses its version, so that the next `up` is clean.
 */
function cancelDeploy(live: Color, settings: Settings, observed: Observed): Plan {
  const idle = otherColor(live);
  const version = observed.versions[live] ?? settings.versions[live] ?? "";
  const running = observed.versions[idle];
  const incident = running === null ? undefined : incidentOf(observed.incidents, running, observed.releases[idle]);
  const good = !incident && isWarm(idle, observed) && observed.proven[idle] === running;
  const warm = good ? running : null;
  return {
    change: { activeColor: live, [`versions.${live}`]: version, [`versions.${idle}`]: warm },
    color: live,
    version,
    sentence:
      `${live} ${version} still serves; giving up the deploy of ${settings.versions[idle] ?? "nothing"} to ${idle}` +
      `${warm ? `, which stays at ${warm}` : ""}${incident ? `, which was taken back (incident ${incident.id})` : ""}.`,
  };
}

function cancelInPlace(live: Color, settings: Settings, observed: Observed): Plan | undefined {
  const version = observed.versions[live];
  if (!version || settings.versions[live] === version) return undefined;
  return {
    change: asItServes(live, settings, observed),
    color: live,
    version,
    sentence: `${live} ${version} still serves; giving up ${settings.versions[live] ?? "nothing"} in its place.`,
  };
}

/** The config line that says what serves, where it says something else. */
function asItServes(live: Color | null, settings: Settings, observed: Observed): ConfigChange {
  const serving = live && observed.versions[live];
  return !live || !serving || settings.versions[live] === serving ? {} : { [`versions.${live}`]: serving };
}

/**
 * The configuration as it will be: what is checked before a line of it is written.
 * @param raw the project's configuration as Pulumi hands it over
 */
export function withChange(raw: Readonly<Record<string, string>>, change: ConfigChange): Record<string, string> {
  const versions = JSON.parse(raw.versions ?? "{}") as Record<string, string>;
  const result = { ...raw };
  for (const [path, value] of Object.entries(change)) {
    const color = /^versions\.(.+)$/.exec(path)?.[1];
    if (color === undefined) result[path] = value ?? "";
    else if (value === null) delete versions[color];
    else versions[color] = value;
  }
  return { ...result, versions: JSON.stringify(versions) };
}

/** Every web service of the color is there with all its replicas. */
function isWarm(color: Color, observed: Observed): boolean {
  const web = observed.services.filter((one) => one.color === color && one.kind === "web");
  return web.length > 0 && web.every((one) => one.wanted > 0 && one.ready >= one.wanted);
}

function knownLive(observed: Observed, { stack }: Settings): Color | null {
  if (observed.live === undefined)
    throw new GuardError(
      "The edge does not answer, so nobody can say which color serves",
      `look at \`${command("ops -- status", stack)}\`, mend the edge, and try again`,
    );
  return observed.live;
}
