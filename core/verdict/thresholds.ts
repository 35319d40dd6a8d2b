import {
  describeBound,
  describeShare,
  errorRateOf,
  type Figures,
  type LatencyBound,
  percent,
  quantileOf,
  slowAnswers,
  timedAnswers,
} from "./figures.ts";

/** The limits that a release must keep. */
export interface Thresholds {
  /** Highest share of answers with 5xx, in percent; more is a breach. Default 1. */
  errorRate: number;
  /**
   * Share above which there is a warning, in percent. At most `errorRate`. Default 0.5, or `errorRate` if it is lower.
   */
  errorRateWarning: number;
  /** Highest response time of the quantile, in milliseconds; more is a breach. Default 2000. */
  latency: LatencyBound;
  /**
   * Response time of the quantile above which there is a warning, in milliseconds. At most `latency`. Default 1000, or
   * `latency` if it is lower.
   */
  latencyWarning: LatencyBound;
  /** The share of answers that must be in time, in percent, 50 or more. Default 99: one in a hundred may be slower. */
  quantile: number;
  /** Fewest answers for a release to be good; with fewer, only `certain` errors count. Default 50. */
  minimumSamples: number;
  /** Highest share of the database's connections in use, in percent; more affects both colors. Default 90. */
  connections: number;
  /**
   * Share of connections above which there is a warning, in percent. At most `connections`. Default 75, or
   * `connections` if it is lower.
   */
  connectionsWarning: number;
  /** How far back figures count, in seconds. Default 60. */
  window: number;
}

/**
 * Where the two runbooks that Turnout replaces (`docs/runbook.md`) have a value, it is used: 1 % and 2 s trigger their
 * automatic rollback, 0.5 % is where warnings begin in their table of acceptable values, 1 s is their alert on response
 * time. They count the connections of one pool (warning from 10, critical above 15), so the shares here are Turnout's
 * own, as are quantile, samples and window.
 */
export const defaultThresholds: Thresholds = {
  errorRate: 1,
  errorRateWarning: 0.5,
  latency: 2000,
  latencyWarning: 1000,
  quantile: 99,
  minimumSamples: 50,
  connections: 90,
  connectionsWarning: 75,
  window: 60,
};

/** Errors that count before there are enough answers: at least this many, at this many times the threshold's rate. */
export const certain = { errors: 5, factor: 10 } as const;

/** One bad answer is not a rate: a threshold exceeded by fewer than this is a doubt, neither a breach nor a pass. */
export const fewestBad = 2;

/** How bad a value is. A `doubt` is over the threshold, but by too few answers to be sure. */
export type Level = "fine" | "warning" | "doubt" | "breach";

/** One color's figures compared with the thresholds. */
export interface Measure {
  level: Level;
  /** The share of bad answers in percent. */
  share: number;
  /** The error rate or the response time, without counts. */
  brief: string;
  /** The same with the counts behind it. */
  text: string;
}

/**
 * The errors of a color. While there are few answers, only `certain` errors count: a release that fails outright must
 * be found before it has failed fifty requests.
 */
export function measureErrors(figures: Figures, thresholds: Thresholds): Measure {
  const { answers, errors5xx } = figures;
  const share = errorRateOf(figures);
  const brief = answers === 0 ? "no answers" : describeShare(share, thresholds.errorRate);
  return {
    level: answers < thresholds.minimumSamples ? levelOfFew() : levelOfEnough(),
    share,
    brief,
    text: `error rate ${brief} (${errors5xx} of ${answers})`,
  };

  function levelOfFew(): Level {
    return errors5xx >= certain.errors && share > certain.factor * thresholds.errorRate ? "breach" : "fine";
  }
  function levelOfEnough(): Level {
    return levelOf(share, { warning: thresholds.errorRateWarning, breach: thresholds.errorRate, bad: errors5xx });
  }
}

/** The response times of a color, by the bucket of its quantile. Answers without a time do not count. */
export function measureLatency(figures: Figures, thresholds: Thresholds): Measure {
  const { latency, latencyWarning, quantile, minimumSamples } = thresholds;
  const timed = timedAnswers(figures);
  const slow = slowAnswers(figures, latency);
  const bound = quantileOf(figures, quantile);
  const brief = bound === null ? "no response times" : `p${quantile} ${describeBound(bound)}`;
  const enough = bound !== null && timed >= minimumSamples;
  return {
    level: enough ? levelOf(bound, { warning: latencyWarning, breach: latency, bad: slow }) : "fine",
    share: percent(slow, timed),
    brief,
    text: `${brief} (${slow} of ${timed} over ${latency} ms)`,
  };
}

/**
 * The level of a value.
 * @param limits `bad` is how many bad answers the value comes from; leave it out when it is not a share of answers
 */
export function levelOf(value: number, limits: { warning: number; breach: number; bad?: number }): Level {
  if (value > limits.breach) return (limits.bad ?? fewestBad) < fewestBad ? "doubt" : "breach";
  return value > limits.warning ? "warning" : "fine";
}
