import { type Color, colors, isColor, otherColor } from "../color.ts";
import type { Maintenance } from "./maintenance.ts";
import { type EdgeState, withoutCandidate } from "./state.ts";

/** What the serve map holds while nobody serves. */
export const emptyServe = "-:-:0:-:-:-";

/** What the serve map says, `null` for nobody. */
export type Serve = {
  committed: Color | null;
  candidate: Color | null;
  weight: number;
  preview: Color | null;
  skew: Color | null;
  maintenance: Maintenance | null;
};

/** The color the preview entrance shows: the one that does not serve; before the first commit the one announced last. */
export function previewColor(state: EdgeState): Color | null {
  return state.committed === null ? state.announced : otherColor(state.committed);
}

/** The serve map's one value, `<committed>:<candidate>:<weight>:<preview>:<skew>:<maintenance>`, with `-` for none. */
export function mapValue(state: EdgeState): string {
  const { committed, candidate, weight, skew, maintenance } = state;
  const parts = [committed, candidate, weight, previewColor(state), skew?.color, maintenance?.retryAfterSeconds];
  return parts.map((part) => part ?? "-").join(":");
}

/**
 * What a starting HAProxy reads: never what ends by itself, a candidate or skew, since nobody may be there to end it.
 * The agent adds that as soon as it finds HAProxy running without.
 */
export function startValue(state: EdgeState): string {
  return mapValue({ ...withoutCandidate(state), skew: null });
}

/** Reads the serve map's value; fields that an older map does not have are nobody. */
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
 * The releases map's entries: `<color>` gives what it is to run, `-` for none, and `<color>/<release>` each release that a
 * replica of the color may show.
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

/** Reads the releases map. */
export function parseReleases(map: Map<string, string>): Pick<EdgeState, "releases" | "also"> {
  const release = (color: Color) => (map.get(color) === "-" ? null : (map.get(color) ?? null));
  const releases = { blue: release("blue"), green: release("green") };
  const second = (color: Color) =>
    [...map].find(([key, value]) => key.startsWith(`${color}/`) && value !== releases[color])?.[1] ?? null;
  return { releases, also: { blue: second("blue"), green: second("green") } };
}
