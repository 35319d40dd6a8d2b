import { type Color, otherColor, type PerColor } from "../color.ts";
import { command, GuardError } from "../errors.ts";
import { describeIncident, incidentOf } from "../journal/incidents.ts";
import type { Settings } from "../settings/settings.ts";
import type { Observed } from "./observed.ts";

/**
 * Refuses changes that would hurt the users of the active color, and releases with an open incident. While the edge is
 * unreachable, the active color is taken from the journal.
 * @param present the release built from the images on the server, for each color that has all of its images there
 * @throws GuardError
 */
export function guardDeploy(settings: Settings, observed: Observed, present: Partial<PerColor<string>> = {}): void {
  const live = activeColorOf(observed);
  if (live) guardActive(settings, observed, live, present);
  refuseIncident(settings, observed, live, present);
}

/** The active color; while the edge is unreachable, the last one according to the journal. */
function activeColorOf({ live, lastRelease, lastReverted }: Observed): Color | null {
  if (live !== undefined) return live;
  if (!lastRelease) return null;
  // The color that the last update made active may have been reverted since.
  return lastReverted?.color === lastRelease.color ? otherColor(lastRelease.color) : lastRelease.color;
}

/** The active color keeps its version, and the version keeps its images. */
function guardActive(settings: Settings, observed: Observed, live: Color, present: Partial<PerColor<string>>): void {
  const { stack } = settings;
  const file = `Pulumi.${stack}.yaml`;
  const running = observed.versions[live];
  const wanted = settings.versions[live];
  const source = observed.live === undefined ? " according to the journal (the edge is unreachable)" : "";
  if (wanted === undefined)
    throw new GuardError(
      `${file}: versions.${live} is not set, but ${live} is active${source}. Removing it would disconnect every user`,
      `set it back to ${running ?? "the active version"}, and remove it after the other color has become active`,
    );
  if (running !== null && running !== wanted) {
    // In place: Swarm replaces the replicas of the active color one at a time.
    if (settings.strategy === "rolling" && settings.activeColor === live) return;
    throw new GuardError(
      `${file}: versions.${live} is ${wanted}, but ${live} is active with ${running}${source}. ` +
        "Only the `rolling` strategy updates the active color in place",
      `set versions.${live} back to ${running} and deploy the new version to the idle color: ` +
        command(`deploy -- ${wanted}`, stack),
    );
  }
  const release = observed.releases[live];
  const stays = settings.activeColor === live;
  const known = [release, observed.also[live]];
  if (stays && release !== null && present[live] !== undefined && !known.includes(present[live]))
    throw new GuardError(
      `The images of ${wanted} on the server are not those that ${live} runs ` +
        `(${present[live]} instead of ${release}): the version was rebuilt under the same name`,
      "give the new build a version of its own and deploy that",
    );
}

/** A release with an open incident must not become active again just because the same command is run again. */
function refuseIncident(
  { activeColor: color, activeVersion: version, stack }: Settings,
  { incidents, versions }: Observed,
  live: Color | null,
  present: Partial<PerColor<string>>,
): void {
  const isActive = live === color && [null, version].includes(versions[color]);
  const incident = isActive ? undefined : incidentOf(incidents, version, present[color]);
  if (!incident) return;
  const subject = incident.color === color ? `${color} ${version}` : version;
  throw new GuardError(
    `Pulumi.${stack}.yaml: activeColor is ${color}, ` +
      `but ${subject} (release ${incident.release}) was marked as bad ${describeIncident(incident)}`,
    `deploy a corrected version, or close the incident with \`${command("ops -- retry", stack)}\` and deploy again`,
  );
}
