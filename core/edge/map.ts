import { type Color, colors, isColor, otherColor } from "../color.ts";
import type { Maintenance } from "./maintenance.ts";
import { type EdgeState, withoutCandidate } from "./state.ts";

/** The serve map's value while no color is active. */
export const emptyServe = "-:-:0:-:-:-";

/** The serve map's value in parts; null for none. */
export type Serve = {
  committed: Color | null;
  candidate: Color | null;
  weight: number;
  preview: Color | null;
  skew: Color | null;
  maintenance: Maintenance | null;
};

/** The color of the preview entrance: the idle one; before the first commit the one announced last. */
export function previewColor(state: EdgeState): Color | null {
  return state.committed === null ? state.announced : otherColor(state.committed);
}

/** The serve map's only value, `<committed>:<candidate>:<weight>:<preview>:<skew>:<maintenance>`, with `-` for none. */
export function mapValue(state: EdgeState): string {
  const { committed, candidate, weight, skew, maintenance } = state;
  const parts = [committed, candidate, weight, previewColor(state), skew?.color, maintenance?.retryAfterSeconds];
  return parts.map((part) => part ?? "-").join(":");
}

/**
 * The value that a starting HAProxy reads. It never contains a candidate or skew, which expire: the agent may be down
 * and unable to end them. The agent adds them once it finds HAProxy running without them.
 */
export function startValue(state: EdgeState): string {
  return mapValue({ ...withoutCandidate(state), skew: null });
}

/** Parses the serve map's value; fields that an older map does not have are null. */
export function parseServe(value: string | undefined): Serve {
  const [committed, candidate, weight, preview, skew, retryAfter] = (value ?? "").split(":");
  const color = (text: string | undefined) => (isColor(text) ? text : null);
  return {
    committed: color(committed),
    candidate: color(candidate),
    weight: Number(weight) || 0,
    preview: color(preview),
    skew: color(skew),
    maintenance: Number(retryAfter) > 0 ? { retryAfterSeconds: Number(retryAfter) } : null,
  };
}

/**
 * The entries of the releases map: `<color>` is the release it is to run, `-` for none; there is a `<color>/<release>`
 * for each release that a replica of the color may show.
 */
export function releaseEntries(state: EdgeState): [string, string][] {
  return colors.flatMap((color): [string, string][] => {
    const trusted = [state.releases[color], state.also[color]].filter((release) => release !== null);
    return [
      [color, state.releases[color] ?? "-"],
      ...trusted.map((release): [string, string] => [`${color}/${release}`, release]),
    ];
  });
}

/** Parses the releases map. */
export function parseReleases(map: Map<string, string>): Pick<EdgeState, "releases" | "also"> {
  const release = (color: Color) => (map.get(color) === "-" ? null : (map.get(color) ?? null));
  const releases = { blue: release("blue"), green: release("green") };
  const second = (color: Color) =>
    [...map].find(([key, value]) => key.startsWith(`${color}/`) && value !== releases[color])?.[1] ?? null;
  return { releases, also: { blue: second("blue"), green: second("green") } };
}
