/** The two copies of a system. */
export const colors = ["blue", "green"] as const;

/** One of the two copies of a system. */
export type Color = (typeof colors)[number];

/** True for `blue` and `green`. */
export function isColor(value: unknown): value is Color {
  return colors.includes(value as Color);
}

/** The color that is not the given one. */
export function otherColor(color: Color): Color {
  return color === "blue" ? "green" : "blue";
}

/** A value for each color. */
export type PerColor<T> = Record<Color, T>;
