import { type Color, otherColor } from "../color.ts";
import { capitalize, command, GuardError } from "../errors.ts";
import { describeIncident, incidentOf } from "../journal/incidents.ts";
import type { Settings } from "../settings/settings.ts";
import type { Observed } from "./observed.ts";

/** Config lines to write before `pulumi up`; null removes one. */
export type ConfigChange = Record<string, string | null>;

/** What a command will do, or why there is nothing to do. */
export type Plan = { change: ConfigChange; color: Color; version: string; sentence: string } | { nothing: string };

/**
 * What `deploy` does: the idle color gets the version and becomes active. The active color's version is recorded as it
 * runs, whatever an earlier failed deploy has left in the configuration.
 * @param recorded the active color in the state; it lags behind when an update was killed after its shift
 * @throws GuardError when the edge is unreachable
 */
export function planDeploy(
  version: string,
  settings: Settings,
  observed: Observed,
  recorded: Color | null = observed.live ?? null,
): Plan {
  const live = knownLive(observed, settings);
  if (live && observed.versions[live] === version && settings.activeColor === live) {
    if (recorded === live) return { nothing: `${version} is already active on ${live}. Nothing to do.` };
    const sentence = `${version} is already active on ${live}. Finishing the interrupted update.`;
    return { change: asItRuns(live, settings, observed), color: live, version, sentence };
  }
  if (live && settings.strategy === "rolling") return planRolling(version, live, observed);
  const color = live ? otherColor(live) : settings.activeColor;
  const active = live
    ? `${capitalize(nameOf(live, observed))} stays active until every step has succeeded.`
    : "No color is active yet.";
  return {
    change: { ...asItRuns(live, settings, observed), [`versions.${color}`]: version, activeColor: color },
    color,
    version,
    sentence: `Deploying ${version} to ${color}. ${active}`,
  };
}

/** A color and the version it runs, such as `blue 1.0.0`. */
function nameOf(color: Color, observed: Observed): string {
  return `${color} ${observed.versions[color] ?? ""}`.trim();
}

/** In place: the active color gets the version, one replica at a time. */
function planRolling(version: string, live: Color, observed: Observed): Plan {
  return {
    change: { [`versions.${live}`]: version, activeColor: live },
    color: live,
    version,
    sentence: `Updating ${nameOf(live, observed)} to ${version} in place, one replica at a time.`,
  };
}

/**
 * What `rollback` does: the other color, which is still warm, becomes active again. After a deploy that failed before
 * its release became active, it cancels that deploy instead.
 * @throws GuardError when there is no color to roll back to
 */
export function planRollback(settings: Settings, observed: Observed): Plan {
  const live = knownLive(observed, settings);
  if (!live)
    throw new GuardError("No color is active yet, so there is nothing to roll back to", "deploy a version first");
  if (settings.activeColor !== live) return cancelDeploy(live, settings, observed);
  const { stack } = settings;
  const color = otherColor(live);
  const version = observed.versions[color] ?? settings.versions[color];
  // Without a color to roll back to, the failed deploy was an update of the active color in place.
  if (!version || !isWarm(color, observed)) {
    const inPlace = cancelInPlace(live, settings, observed);
    if (inPlace) return inPlace;
  }
  if (!version)
    throw new GuardError(
      `${color} has no version, so there is nothing to roll back to`,
      `deploy the version you want: ${command("deploy -- VERSION", stack)}`,
    );
  const incident = incidentOf(observed.incidents, version, observed.releases[color]);
  if (incident)
    throw new GuardError(
      `Cannot roll back to ${color} ${version}: it was marked as bad ${describeIncident(incident)}`,
      `deploy the version you want: ${command("deploy -- VERSION", stack)}`,
    );
  if (observed.versions[color] === null)
    throw new GuardError(
      `Cannot roll back to ${color} ${version}: none of its services is on the server`,
      `create them again beside the active color with \`${command("pulumi -- up --refresh", stack)}\`, then retry`,
    );
  if (!isWarm(color, observed))
    throw new GuardError(
      `Cannot roll back to ${color} ${version}: it is no longer warm, not all of its replicas are ready`,
      `deploy the version again: ${command(`deploy -- ${version}`, stack)}`,
    );
  return {
    change: {
      ...asItRuns(live, settings, observed),
      ...(settings.versions[color] === version ? {} : { [`versions.${color}`]: version }),
      activeColor: color,
    },
    color,
    version,
    sentence: `Rolling back to ${color} ${version}, which is still warm.`,
  };
}

/**
 * The settings make the idle color active, but the deploy failed or was reverted. If the idle color is warm, its
 * running version is recorded, so that it stays a rollback target. If it never passed its smoke test or has an
 * incident, its version is removed, so that the next `up` is clean.
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
      `Canceling the deploy of ${settings.versions[idle] ?? "nothing"} to ${idle}` +
      `${warm ? `, which stays at ${warm}` : ""}` +
      `${incident ? `, which was marked as bad (incident ${incident.id})` : ""}. ` +
      `${capitalize(live)} ${version} is still active.`,
  };
}

function cancelInPlace(live: Color, settings: Settings, observed: Observed): Plan | undefined {
  const version = observed.versions[live];
  if (!version || settings.versions[live] === version) return undefined;
  return {
    change: asItRuns(live, settings, observed),
    color: live,
    version,
    sentence:
      `Canceling the update of ${live} to ${settings.versions[live] ?? "nothing"}. ` +
      `${capitalize(live)} ${version} is still active.`,
  };
}

/** The config line with the active color's running version, if the configuration differs from it. */
function asItRuns(live: Color | null, settings: Settings, observed: Observed): ConfigChange {
  const running = live && observed.versions[live];
  return !live || !running || settings.versions[live] === running ? {} : { [`versions.${live}`]: running };
}

/**
 * The configuration after a change, to be checked before any of it is written.
 * @param raw the project's configuration as Pulumi passes it
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

/** Whether every web service of the color has all its replicas ready. */
function isWarm(color: Color, observed: Observed): boolean {
  const web = observed.services.filter((one) => one.color === color && one.kind === "web");
  return web.length > 0 && web.every((one) => one.wanted > 0 && one.ready >= one.wanted);
}

function knownLive(observed: Observed, { stack }: Settings): Color | null {
  if (observed.live === undefined)
    throw new GuardError(
      "The edge is unreachable, so the active color is unknown",
      `check \`${command("ops -- status", stack)}\`, fix the edge, and retry`,
    );
  return observed.live;
}
