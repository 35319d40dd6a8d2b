import type { Color, PerColor } from "./color.ts";
import { GuardError } from "./errors.ts";
import { configuredColors, type Settings } from "./settings.ts";
import { imageOf, type System } from "./system.ts";

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
  /** Who serves, as the edge answers; null when nobody does, undefined when the edge does not answer. */
  live: Color | null | undefined;
  candidate: Color | null;
  /** The candidate's share in percent. */
  weight: number;
  /** The release each color is expected to run, as the edge was told. */
  releases: PerColor<string | null>;
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
  /** The edge itself: HAProxy behind its agent. */
  edge: "up" | "down";
}

/** The epoch of an edge that nobody has been heard of yet. */
export const firstEpoch = "first";

/** What is observed where nothing is deployed. */
export const nothingObserved: Observed = {
  live: null,
  candidate: null,
  weight: 0,
  releases: { blue: null, green: null },
  versions: { blue: null, green: null },
  proven: { blue: null, green: null },
  epoch: undefined,
  services: [],
  unready: null,
  handover: false,
  schemaRevision: null,
  lastBackup: null,
  lastRelease: null,
  edge: "down",
};

/**
 * Refuses what would hurt the users of the color that serves now.
 * @param present the release that the images on the server amount to, for each color whose images are all there
 * @throws GuardError
 */
export function guardDeploy(
  settings: Settings,
  observed: Observed,
  stack: string,
  present: Partial<PerColor<string>> = {},
): void {
  const file = `Pulumi.${stack}.yaml`;
  const { live } = observed;
  if (!live) return;
  const serving = observed.versions[live];
  const wanted = settings.versions[live];
  if (wanted === undefined)
    throw new GuardError(
      `${file}: versions.${live} is not set, but ${live} serves now; taking it away would cut every user`,
      `set it back to ${serving ?? "the serving version"}, shift to the other color first, and remove it then`,
    );
  if (serving !== null && serving !== wanted)
    throw new GuardError(
      `${file}: versions.${live} is ${wanted}, but ${live} serves ${serving} now; ` +
        "blue-green never changes the color that serves",
      `put the new version on the idle color: npm run deploy -- ${wanted} --stack ${stack} ` +
        `(and set versions.${live} back to ${serving})`,
    );
  const release = observed.releases[live];
  const stays = settings.activeColor === live;
  if (stays && release !== null && present[live] !== undefined && present[live] !== release)
    throw new GuardError(
      `The images of ${wanted} on the server are not those that ${live} serves (${present[live]} instead of ${release}): ` +
        "the version was built anew under the same name",
      "give what was built a version of its own and deploy that",
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
  return new GuardError(
    `Pulumi.${stack}.yaml: ${key} asks for the image ${image}, which the server does not have`,
    isPullable(image)
      ? "push it to its registry, log the server in to that registry, or name a version that exists"
      : "build it on the server, or name a version that exists",
  );
}

/**
 * What to say when the edge serves another color than the last `pulumi up` left behind.
 * @returns undefined when they agree
 */
export function driftWarning(observed: Observed, desired: Color): string | undefined {
  const recorded = observed.lastRelease?.color;
  if (observed.live === undefined)
    return (
      recorded &&
      "Drift: the edge does not answer, so nobody can say which color serves. `npm run ops -- status` tells more."
    );
  if (!recorded || observed.live === recorded) return undefined;
  const live = observed.live ?? "no color";
  return `Drift: the last deploy left ${recorded} serving, but the edge serves ${live}. This update shifts to ${desired}.`;
}
