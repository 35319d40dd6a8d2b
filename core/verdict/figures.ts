import { type Color, colors, otherColor, type PerColor } from "../color.ts";
import { counterSlots } from "../edge/files.ts";

const figureNames = ["requests", ...counterSlots] as const;

/**
 * The traffic of one color as the edge counts it (see `counterSlots`), in total or within a window. `errors5xx` counts
 * answers with status 500 and above, including the edge's own 503 and 504. An answer from the edge itself counts as
 * `unanswered`: it has no time and is in no bucket, so that it never counts as fast.
 */
export type Figures = Readonly<Record<(typeof figureNames)[number], number>>;

/** The counters at one moment. */
export interface Reading {
  /** The HAProxy worker that counts; it changes with a reload or a restart. */
  worker: number;
  counters: PerColor<Figures>;
}

/** No traffic. */
export const noFigures: Figures = {
  requests: 0,
  answers: 0,
  errors5xx: 0,
  upTo100: 0,
  upTo300: 0,
  upTo1000: 0,
  upTo2000: 0,
  over2000: 0,
  unanswered: 0,
};

/**
 * The traffic between two readings; never negative. A reload keeps the counters. When another worker counts and any
 * count is lower than before, HAProxy was restarted, and the window begins with the restart.
 */
export function difference(before: Reading, after: Reading): PerColor<Figures> {
  const lower = (color: Color) =>
    figureNames.some((name) => after.counters[color][name] < before.counters[color][name]);
  if (before.worker !== after.worker && colors.some(lower)) return after.counters;
  const between = (color: Color) => subtract(after.counters[color], before.counters[color]);
  return { blue: between("blue"), green: between("green") };
}

function subtract(after: Figures, before: Figures): Figures {
  const entries = figureNames.map((name) => [name, Math.max(0, after[name] - before[name])]);
  return Object.fromEntries(entries) as Figures;
}

/** Upper bounds of the buckets of response times, in milliseconds. */
export const latencyBounds = [100, 300, 1000, 2000] as const;

/** The upper bound of a bucket of response times, in milliseconds. */
export type LatencyBound = (typeof latencyBounds)[number];

/** The answers from replicas, which are the ones with a time. */
export function timedAnswers(figures: Figures): number {
  return answersWithin(figures, 2000) + figures.over2000;
}

/** How many answers from replicas took longer than the bound. */
export function slowAnswers(figures: Figures, bound: LatencyBound): number {
  return timedAnswers(figures) - answersWithin(figures, bound);
}

/**
 * The bucket that contains a quantile of the response times.
 * @param quantile in percent: 50 for the median, 99 for p99
 * @returns the bucket's upper bound in milliseconds, `Infinity` above 2000, null when no answer has a time
 */
export function quantileOf(figures: Figures, quantile: number): number | null {
  const timed = timedAnswers(figures);
  if (timed === 0) return null;
  return latencyBounds.find((bound) => answersWithin(figures, bound) >= (quantile * timed) / 100) ?? Infinity;
}

/** The share of answers that are errors, in percent; 0 without answers. */
export function errorRateOf(figures: Figures): number {
  return percent(figures.errors5xx, figures.answers);
}

/** A share in percent; 0 of nothing is 0. */
export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

/**
 * A share as text with one decimal; with more when rounding would make a share above the threshold look equal to it.
 * @param threshold the value in percent that it is compared with
 */
export function describeShare(share: number, threshold: number): string {
  const digits = [1, 2].find((count) => Number(share.toFixed(count)) > threshold === share > threshold) ?? 3;
  return `${share.toFixed(digits)} %`;
}

/**
 * Both colors on one line, for watching a rollout:
 * `green 412 requests, 0.0 % errors, p50 ≤ 100 ms, p99 ≤ 300 ms · blue 7828 requests, …`.
 * @param candidate the color of the figures `candidate`; `other` are those of the other color, null when it has none
 */
export function describeSample(
  candidate: Color,
  sample: { readonly candidate: Figures; readonly other: Figures | null },
): string {
  const own = describeFigures(candidate, sample.candidate);
  return sample.other === null ? own : `${own} · ${describeFigures(otherColor(candidate), sample.other)}`;
}

function describeFigures(color: Color, figures: Figures): string {
  const parts = [`${color} ${figures.requests} requests`];
  if (figures.answers > 0) parts.push(`${errorRateOf(figures).toFixed(1)} % errors`);
  for (const quantile of [50, 99]) {
    const bound = quantileOf(figures, quantile);
    if (bound !== null) parts.push(`p${quantile} ${describeBound(bound)}`);
  }
  return parts.join(", ");
}

/** `≤ 300 ms`, or `> 2000 ms` above the highest bound. */
export function describeBound(bound: number): string {
  return Number.isFinite(bound) ? `≤ ${bound} ms` : `> ${latencyBounds.at(-1)} ms`;
}

function answersWithin(figures: Figures, bound: LatencyBound): number {
  const buckets = [figures.upTo100, figures.upTo300, figures.upTo1000, figures.upTo2000];
  return buckets.slice(0, latencyBounds.indexOf(bound) + 1).reduce((sum, count) => sum + count, 0);
}
