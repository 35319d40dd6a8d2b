import { type Color, otherColor } from "../color.ts";
import { describeShare, type Figures, percent, timedAnswers } from "./figures.ts";
import { type Level, levelOf, type Measure, measureErrors, measureLatency, type Thresholds } from "./thresholds.ts";

/** A service that is short of replicas. */
export interface Shortfall {
  service: string;
  /** How many are ready, fewer than are wanted. */
  ready: number;
  wanted: number;
}

/** What was measured within the window. */
export interface Sample {
  /** The color of the judged release. */
  color: Color;
  /** Length of the window in seconds. */
  seconds: number;
  /** The judged release: the candidate, or after the commit the release that is still watched. */
  candidate: Figures;
  /** The other color over the same window; null when it has no figures. After the commit it has few or none. */
  other: Figures | null;
  /** Services of the judged release that are short of replicas. */
  candidateShortfalls: Shortfall[];
  /** The same of the other color. */
  otherShortfalls: Shortfall[];
  /** The database's connections: in use, and the limit. Null when unknown. */
  connections: { used: number; max: number } | null;
  /** Why the database is unreachable; null when it is reachable. */
  databaseError: string | null;
  /** The release's own metrics if it has a metrics path: errors in percent, response time in milliseconds. */
  metrics: { errorRate?: number; responseMs?: number } | null;
}

/**
 * `breach`: the release is at fault. `shared`: both colors are affected, so the release is not blamed. `inconclusive`:
 * no fault was found, but there is too little data to call it good. Reasons and warnings are short phrases with
 * figures.
 */
export interface Verdict {
  kind: "good" | "breach" | "shared" | "inconclusive";
  reasons: string[];
  warnings: string[];
}

/**
 * When both colors are in breach, the release is at fault only if its share is at least this many times the other's.
 * For replicas, the share is that of the missing ones.
 */
export const clearlyWorse = 3;

/** The result of one check. */
interface Finding {
  level: Level;
  text: string;
  /** Whether the other color has the same problem and is not clearly better. */
  shared: boolean;
}

/**
 * Judges a release by a sample.
 *
 * A missing replica counts at once. Errors and slow answers count from `minimumSamples` on; `certain` errors count
 * before. The release is blamed unless the other color has the same problem by the same measure and is not clearly
 * better, or the database is unreachable. A database nearly out of connections is a `shared` problem even before
 * answers suffer, but does not excuse what the release alone shows.
 */
export function judge(sample: Sample, thresholds: Thresholds): Verdict {
  const findings = [
    ...databaseFindings(sample, thresholds),
    ...healthFindings(sample),
    ...trafficFindings(sample, thresholds),
    ...metricsFindings(sample, thresholds),
  ];
  const warnings = [...texts(findings, "warning"), ...warningsOfOther(sample, thresholds)];
  const breaches = findings.filter(({ level }) => level === "breach");
  const own = breaches.filter(({ shared }) => !shared);
  if (own.length > 0 && sample.databaseError === null) {
    const both = breaches.filter(({ shared }) => shared);
    return { kind: "breach", reasons: texts(own, "breach"), warnings: [...warnings, ...texts(both, "breach")] };
  }
  if (breaches.length > 0) return { kind: "shared", reasons: texts(breaches, "breach"), warnings };

  const doubts = [...tooFewAnswers(sample.candidate, thresholds), ...texts(findings, "doubt")];
  return { kind: doubts.length > 0 ? "inconclusive" : "good", reasons: doubts, warnings };
}

function databaseFindings({ databaseError, connections }: Sample, thresholds: Thresholds): Finding[] {
  const shared = true;
  if (databaseError !== null) return [{ level: "breach", text: `database: ${databaseError}`, shared }];
  if (connections === null) return [];
  const { used, max } = connections;
  const { connections: breach, connectionsWarning: warning } = thresholds;
  const text = `database: ${used} of ${max} connections in use, threshold ${breach} %`;
  return [{ level: levelOf(percent(used, max), { warning, breach }), text, shared }];
}

function healthFindings({ color, candidateShortfalls, otherShortfalls }: Sample): Finding[] {
  return candidateShortfalls.map((own) => {
    const counterpart = otherShortfalls.find(({ service }) => service === own.service);
    const shared = counterpart !== undefined && !isClearlyLess(own, counterpart);
    return { level: "breach", text: describeShortfalls(color, own), shared };
  });
}

/** A service without any replica is down: that is worse than any share of missing replicas. */
function isClearlyLess(own: Shortfall, other: Shortfall): boolean {
  if (own.ready === 0 && other.ready > 0) return true;
  return shortfallShare(own) >= clearlyWorse * shortfallShare(other);
}

function shortfallShare({ ready, wanted }: Shortfall): number {
  return percent(wanted - ready, wanted);
}

function describeShortfalls(color: Color, { service, ready, wanted }: Shortfall): string {
  return `${color} ${service}: ${ready} of ${wanted} ready`;
}

function trafficFindings({ candidate, other }: Sample, thresholds: Thresholds): Finding[] {
  const errors = measureErrors(candidate, thresholds);
  const latency = measureLatency(candidate, thresholds);
  const otherErrors = other && measureErrors(other, thresholds);
  const otherLatency = other && measureLatency(other, thresholds);
  const errorText = `${errors.text}, threshold ${thresholds.errorRate} %${beside(otherErrors)}`;
  const latencyText = `${latency.text}, threshold ${thresholds.latency} ms${beside(otherLatency)}`;
  return [
    { level: errors.level, text: errorText, shared: isSharedBy(otherErrors, errors.share) },
    { level: latency.level, text: latencyText, shared: isSharedBy(otherLatency, latency.share) },
  ];
}

function beside(other: Measure | null): string {
  return other === null ? "" : `; the other color has ${other.brief}`;
}

/** @param share how bad the release is, in percent; null where the colors cannot be compared by it */
function isSharedBy(other: Measure | null, share: number | null): boolean {
  return other?.level === "breach" && (share === null || share < clearlyWorse * other.share);
}

/** A release's own metrics count only with enough answers: after a few they mean little. */
function metricsFindings({ candidate, other, metrics }: Sample, thresholds: Thresholds): Finding[] {
  if (metrics === null || timedAnswers(candidate) < thresholds.minimumSamples) return [];
  const { errorRate, errorRateWarning, latency, latencyWarning } = thresholds;
  const found: Finding[] = [];
  if (metrics.errorRate !== undefined)
    found.push({
      level: levelOf(metrics.errorRate, { warning: errorRateWarning, breach: errorRate }),
      text: `its own metrics: ${describeShare(metrics.errorRate, errorRate)} errors, threshold ${errorRate} %`,
      shared: isSharedBy(other && measureErrors(other, thresholds), metrics.errorRate),
    });
  if (metrics.responseMs !== undefined)
    found.push({
      level: levelOf(metrics.responseMs, { warning: latencyWarning, breach: latency }),
      text: `its own metrics: ${Math.round(metrics.responseMs)} ms a request, threshold ${latency} ms`,
      shared: isSharedBy(other && measureLatency(other, thresholds), null),
    });
  return found;
}

function tooFewAnswers(candidate: Figures, { minimumSamples }: Thresholds): string[] {
  const timed = timedAnswers(candidate);
  return timed < minimumSamples ? [`${timed} answers, at least ${minimumSamples} are needed to judge`] : [];
}

function warningsOfOther({ color, other, otherShortfalls }: Sample, thresholds: Thresholds): string[] {
  const measures = other === null ? [] : [measureErrors(other, thresholds), measureLatency(other, thresholds)];
  const breaches = measures.filter(({ level }) => level === "breach").map(({ text }) => text);
  const shortfalls = otherShortfalls.map((one) => describeShortfalls(otherColor(color), one));
  return [...shortfalls, ...breaches].map((text) => `the other color: ${text}`);
}

function texts(findings: readonly Finding[], level: Level): string[] {
  return findings.filter((finding) => finding.level === level).map(({ text }) => text);
}
