import { type Color, otherColor, type PerColor } from "../color.ts";
import { GuardError } from "../errors.ts";
import type { SoakUnderWay, Trial, Undone } from "../journal/history.ts";
import { describeIncident, type Incident, incidentOf } from "../journal/incidents.ts";
import { configuredColors, type Settings } from "../settings/settings.ts";
import { command } from "../settings/wording.ts";
import { imageOf, type System } from "../system/system.ts";

/** How many replicas of a service are there, and how many should be. */
export interface ServiceReplicas {
  service: string;
  color: Color;
  kind: "web" | "worker";
  wanted: number;
  ready: number;
}

/** What a deploy finds on the server, from the edge, the journal and Docker. */
export interface Observed {
  /** The public entrance shows the maintenance page. */
  maintenance: boolean;
  /** Who serves, as the edge answers; null when nobody does, undefined when the edge does not answer. */
  live: Color | null | undefined;
  candidate: Color | null;
  /** The candidate's share in percent. */
  weight: number;
  /** The release each color is expected to run, as the edge was told. */
  releases: PerColor<string | null>;
  /** A second release that replicas of a color may run, while one rolls over the other. */
  also: PerColor<string | null>;
  /** The version each color's services run; null when it has none. */
  versions: PerColor<string | null>;
  /** The version of each color that last passed the smoke list. */
  proven: PerColor<string | null>;
  /** Changes when somebody else than `pulumi up` changes who serves; undefined when nobody knows. */
  epoch: string | undefined;
  services: ServiceReplicas[];
  /** Why the serving color cannot do its work, by its ready paths; null when it can, or when nobody serves. */
  unready: string | null;
  /** The workers are on their way from one color to the other. */
  handover: boolean;
  schemaRevision: string | null;
  lastBackup: string | null;
  lastRelease: { color: Color; release: string; at: string } | null;
  /** Releases that were taken back because they were at fault, and are refused. */
  incidents: Incident[];
  /** The step of a canary that is under way. */
  trial: Trial | null;
  /** The release that is watched after its update. */
  soak: SoakUnderWay | null;
  /** The release that was taken back last, if none was committed after it. */
  lastUndone: Undone | null;
  /** The edge itself: HAProxy behind its agent. */
  edge: "up" | "down";
}

/** The epoch of an edge that nobody has been heard of yet. */
export const firstEpoch = "first";

/** What is observed where nothing is deployed. */
export const nothingObserved: Observed = {
  maintenance: false,
  live: null,
  candidate: null,
  weight: 0,
  releases: { blue: null, green: null },
  also: { blue: null, green: null },
  versions: { blue: null, green: null },
  proven: { blue: null, green: null },
  epoch: undefined,
  services: [],
  unready: null,
  handover: false,
  schemaRevision: null,
  lastBackup: null,
  lastRelease: null,
  incidents: [],
  trial: null,
  soak: null,
  lastUndone: null,
  edge: "down",
};

/** What a stack's settings want to serve. */
type Wanted = Pick<Settings, "activeColor" | "activeVersion" | "stack">;

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
function servingColor({ live, lastRelease, lastUndone }: Observed): Color | null {
  if (live !== undefined) return live;
  if (!lastRelease) return null;
  // What the last update left serving may have been taken back since.
  return lastUndone?.color === lastRelease.color ? otherColor(lastRelease.color) : lastRelease.color;
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

/** The images of every configured color, with the key path that asks for each. */
export function imagesOf(settings: Settings, system: System): { image: string; key: string; color: Color }[] {
  return configuredColors(settings).flatMap((color) =>
    Object.values(system.services).map((service) => {
      const version = settings.versions[color] ?? "";
      return { image: imageOf(service, version), key: `versions.${color}`, color };
    }),
  );
}

/** True when an image name begins with a registry's host, so that a server can pull it. */
export function isPullable(image: string): boolean {
  const first = image.split("/")[0] ?? "";
  return image.includes("/") && /[.:]|^localhost$/.test(first);
}

/** The refusal for an image that is nowhere. */
export function missingImage(image: string, key: string, stack: string): GuardError {
  const pullable = isPullable(image);
  return new GuardError(
    `Pulumi.${stack}.yaml: ${key} asks for the image ${image}, ` +
      `which the server does not have${pullable ? " and this machine does not find in its registry" : ""}`,
    pullable
      ? "push it to its registry, or name a version that exists; where the registry wants a login, do `docker login` on " +
          "this machine, which looks, and set docker:registryAuth for the server, which pulls (README, For production)"
      : "build it on the server, or name a version that exists",
  );
}

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
  const undone = wordsOfUndone(observed, recorded, wanted);
  if (undone) return `Drift: the last update ${undone}. ${next}`;
  if (observed.live === recorded) return undefined;
  const live = observed.live ?? "no color";
  return `Drift: the last deploy left ${recorded} serving, but the edge serves ${live}. ${next}`;
}

/** What happened to the color that the last update left serving, or was to leave. */
function wordsOfUndone(
  { live, lastUndone }: Observed,
  recorded: Color,
  { activeColor, activeVersion }: Wanted,
): string | undefined {
  if (!lastUndone || !live || lastUndone.color === live) return undefined;
  const { step, color, at, why, incident } = lastUndone;
  const back = `but the ${step} took it back to ${live} at ${at}: ${why}${incident ? ` (incident ${incident})` : ""}`;
  if (recorded === color) return `left ${color} serving, ${back}`;
  const isTriedAgain = activeColor === color && activeVersion === lastUndone.version;
  return isTriedAgain ? `was to leave ${color} serving, ${back}` : undefined;
}
