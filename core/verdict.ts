import { describeShare, type Figures, percent, timedAnswers } from "./figures.ts";
import { type Level, levelOf, type Measure, measureErrors, measureLatency, type Thresholds } from "./thresholds.ts";

/** What was seen within the window. */
export interface Sample {
  /** Length of the window in seconds. */
  seconds: number;
  /** The release that is judged: on trial, or committed and still watched. */
  candidate: Figures;
  /** The other color, over the same window; null when it has no figures. After the commit it has few or none. */
  serving: Figures | null;
  /** What the judged release lacks, such as `api: 1 of 2 ready`. */
  candidateMissing: string[];
  /** What the other color lacks. */
  servingMissing: string[];
  /** The database's connections: in use, and how many there may be. Null when not known. */
  connections: { used: number; max: number } | null;
  /** Why the database cannot be reached; null when it can. */
  databaseError: string | null;
  /** What the release says of itself where it has a metrics path: errors in percent, response time in milliseconds. */
  metrics: { errorRate?: number; responseMs?: number } | null;
}

/**
 * `breach`: the release is at fault. `shared`: both colors are hurt, so the release is not blamed. `inconclusive`: nothing
 * wrong was found, but not enough was seen to call it good. Reasons and warnings are short phrases with figures.
 */
export interface Verdict {
  kind: "good" | "breach" | "shared" | "inconclusive";
  reasons: string[];
  warnings: string[];
}

/** When both colors are in breach, the release is at fault only if its share is at least this many times the other's. */
export const clearlyWorse = 3;

/** One thing that was looked at. `share` is how bad it is in percent, null where the colors cannot be compared by it. */
interface Finding {
  kind: "database" | "health" | "errors" | "latency";
  level: Level;
  text: string;
  share: number | null;
}

/**
 * Judges a release by what was seen.
 *
 * A missing replica counts at once, errors and slow answers from `minimumSamples` on, errors also before when they are
 * `certain`. All are blamed on the release unless the other color shows the same by the same measure and is not clearly
 * better, or the database is in trouble: out of reach, or nearly out of connections. Such a database is `shared` trouble
 * even before answers suffer.
 */
export function judge(sample: Sample, thresholds: Thresholds): Verdict {
  const findings = [
    ...databaseFindings(sample, thresholds),
    ...sample.candidateMissing.map((text): Finding => ({ kind: "health", level: "breach", text, share: null })),
    ...trafficFindings(sample, thresholds),
    ...metricsFindings(sample, thresholds),
  ];
  const warnings = [...texts(findings, "warning"), ...warningsOfOther(sample, thresholds)];
  const breaches = findings.filter(({ level }) => level === "breach");
  const own = breaches.filter((finding) => !isShared(finding, sample, thresholds));
  const database = breaches.some(({ kind }) => kind === "database");
  if (own.length > 0 && !database) return { kind: "breach", reasons: texts(own, "breach"), warnings };
  if (breaches.length > 0) return { kind: "shared", reasons: texts(breaches, "breach"), warnings };

  const doubts = [...tooFewAnswers(sample.candidate, thresholds), ...texts(findings, "doubt")];
  return { kind: doubts.length > 0 ? "inconclusive" : "good", reasons: doubts, warnings };
}

/** The other color has the same trouble, and the release is not clearly worse. */
function isShared({ kind, share }: Finding, { serving, servingMissing }: Sample, thresholds: Thresholds): boolean {
  if (kind === "health") return servingMissing.length > 0;
  if (serving === null) return false;
  const other = kind === "errors" ? measureErrors(serving, thresholds) : measureLatency(serving, thresholds);
  return other.level === "breach" && (share === null || share < clearlyWorse * other.share);
}

function databaseFindings({ databaseError, connections }: Sample, thresholds: Thresholds): Finding[] {
  const kind = "database";
  const share = null;
  if (databaseError !== null) return [{ kind, level: "breach", text: `database: ${databaseError}`, share }];
  if (connections === null) return [];
  const { used, max } = connections;
  const { connections: breach, connectionsWarning: warning } = thresholds;
  const text = `database: ${used} of ${max} connections in use, threshold ${breach} %`;
  return [{ kind, level: levelOf(percent(used, max), { warning, breach }), text, share }];
}

function trafficFindings({ candidate, serving }: Sample, thresholds: Thresholds): Finding[] {
  const errors = measureErrors(candidate, thresholds);
  const latency = measureLatency(candidate, thresholds);
  const otherErrors = serving && measureErrors(serving, thresholds);
  const otherLatency = serving && measureLatency(serving, thresholds);
  const errorText = `${errors.text}, threshold ${thresholds.errorRate} %${beside(otherErrors)}`;
  const latencyText = `${latency.text}, threshold ${thresholds.latency} ms${beside(otherLatency)}`;
  return [
    { kind: "errors", level: errors.level, share: errors.share, text: errorText },
    { kind: "latency", level: latency.level, share: latency.share, text: latencyText },
  ];
}

function beside(other: Measure | null): string {
  return other === null ? "" : `; the other color has ${other.brief}`;
}

/** What a release says of itself counts only beside enough answers: after a handful it says little. */
function metricsFindings({ candidate, metrics }: Sample, thresholds: Thresholds): Finding[] {
  if (metrics === null || timedAnswers(candidate) < thresholds.minimumSamples) return [];
  const { errorRate, errorRateWarning, latency, latencyWarning } = thresholds;
  const found: Finding[] = [];
  if (metrics.errorRate !== undefined)
    found.push({
      kind: "errors",
      level: levelOf(metrics.errorRate, { warning: errorRateWarning, breach: errorRate }),
      text: `its own metrics: ${describeShare(metrics.errorRate, errorRate)} errors, threshold ${errorRate} %`,
      share: metrics.errorRate,
    });
  if (metrics.responseMs !== undefined)
    found.push({
      kind: "latency",
      level: levelOf(metrics.responseMs, { warning: latencyWarning, breach: latency }),
      text: `its own metrics: ${Math.round(metrics.responseMs)} ms a request, threshold ${latency} ms`,
      share: null,
    });
  return found;
}

function tooFewAnswers(candidate: Figures, { minimumSamples }: Thresholds): string[] {
  const timed = timedAnswers(candidate);
  return timed < minimumSamples ? [`${timed} answers, at least ${minimumSamples} are needed to judge`] : [];
}

function warningsOfOther({ serving, servingMissing }: Sample, thresholds: Thresholds): string[] {
  const measures = serving === null ? [] : [measureErrors(serving, thresholds), measureLatency(serving, thresholds)];
  const ill = measures.filter(({ level }) => level === "breach").map(({ text }) => text);
  return [...servingMissing, ...ill].map((text) => `the other color: ${text}`);
}

function texts(findings: readonly Finding[], level: Level): string[] {
  return findings.filter((finding) => finding.level === level).map(({ text }) => text);
}
