import { type Color, otherColor, type PerColor } from "../color.ts";
import { command, GuardError } from "../errors.ts";
import { describeIncident, incidentOf } from "../journal/incidents.ts";
import type { Settings } from "../settings/settings.ts";
import type { Observed } from "./observed.ts";

/**
 * Refuses what would hurt the users of the color that serves, and a release that was taken back. While the edge does not
 * answer, the color that serves is the one that did last by the journal.
 * @param present the release that the images on the server amount to, for each color whose images are all there
 * @throws GuardError
 */
export function guardDeploy(settings: Settings, observed: Observed, present: Partial<PerColor<string>> = {}): void {
  const live = servingColor(observed);
  if (live) guardServing(settings, observed, live, present);
  refuseIncident(settings, observed, live, present);
}

/** Who serves; while the edge does not answer, who did last by the journal. */
function servingColor({ live, lastRelease, lastReverted }: Observed): Color | null {
  if (live !== undefined) return live;
  if (!lastRelease) return null;
  // What the last update left serving may have been taken back since.
  return lastReverted?.color === lastRelease.color ? otherColor(lastRelease.color) : lastRelease.color;
}

/** The color that serves keeps its version, and its version its images. */
function guardServing(settings: Settings, observed: Observed, live: Color, present: Partial<PerColor<string>>): void {
  const { stack } = settings;
  const file = `Pulumi.${stack}.yaml`;
  const serving = observed.versions[live];
  const wanted = settings.versions[live];
  const now = observed.live === undefined ? "by the journal (the edge does not answer)" : "now";
  if (wanted === undefined)
    throw new GuardError(
      `${file}: versions.${live} is not set, but ${live} serves ${now}; taking it away would cut every user`,
      `set it back to ${serving ?? "the serving version"}, shift to the other color first, and remove it then`,
    );
  if (serving !== null && serving !== wanted) {
    // In place: Swarm replaces the replicas of the color that serves, one after the other.
    if (settings.strategy === "rolling" && settings.activeColor === live) return;
    throw new GuardError(
      `${file}: versions.${live} is ${wanted}, but ${live} serves ${serving} ${now}; ` +
        "blue-green never changes the color that serves",
      `put the new version on the idle color: ${command(`deploy -- ${wanted}`, stack)} ` +
        `(and set versions.${live} back to ${serving})`,
    );
  }
  const release = observed.releases[live];
  const stays = settings.activeColor === live;
  const known = [release, observed.also[live]];
  if (stays && release !== null && present[live] !== undefined && !known.includes(present[live]))
    throw new GuardError(
      `The images of ${wanted} on the server are not those that ${live} serves (${present[live]} instead of ${release}): ` +
        "the version was built anew under the same name",
      "give what was built a version of its own and deploy that",
    );
}

/** A release that was taken back is not given to users again by running the same thing again. */
function refuseIncident(
  { activeColor: color, activeVersion: version, stack }: Settings,
  { incidents, versions }: Observed,
  live: Color | null,
  present: Partial<PerColor<string>>,
): void {
  const serves = live === color && [null, version].includes(versions[color]);
  const incident = serves ? undefined : incidentOf(incidents, version, present[color]);
  if (!incident) return;
  const subject = incident.color === color ? `${color} ${version}` : version;
  throw new GuardError(
    `Pulumi.${stack}.yaml: activeColor is ${color}, ` +
      `but ${subject} (release ${incident.release}) was taken back ${describeIncident(incident)}`,
    `deploy a corrected version, or say \`${command("ops -- retry", stack)}\` and run it again`,
  );
}
