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

/** From where on a release is not good enough. */
export interface Thresholds {
  /** Share of answers with 5xx, in percent; more is a breach. Default 1. */
  errorRate: number;
  /** Share above which a warning is given, in percent. At most `errorRate`. Default 0.5, or `errorRate` if it is lower. */
  errorRateWarning: number;
  /** Response time that the quantile must keep to, in milliseconds; more is a breach. Default 2000. */
  latency: LatencyBound;
  /**
   * Response time above which the quantile gives a warning, in milliseconds. At most `latency`. Default 1000, or
   * `latency` if it is lower.
   */
  latencyWarning: LatencyBound;
  /** Which share of the answers must be in time, in percent, 50 or more. Default 99: one in a hundred may be slower. */
  quantile: number;
  /** Answers without which nothing is called good, and errors only count when they are `certain`. Default 50. */
  minimumSamples: number;
  /** Share of the database's connections in use, in percent; more is a trouble of both colors. Default 90. */
  connections: number;
  /**
   * Share of connections above which a warning is given, in percent. At most `connections`. Default 75, or `connections`
   * if it is lower.
   */
  connectionsWarning: number;
  /** How far back figures are looked at, in seconds. Default 60. */
  window: number;
}

/**
 * The values of the two runbooks that Turnout replaces (`docs/runbook.md`) where they have one: 1 % and 2 s are their
 * automatic rollback, 0.5 % begins the warnings in their table of acceptable values, 1 s is their alert on response
 * time. Their connections are counts of one pool (warning from 10, critical above 15), so the shares here are Turnout's
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

/** Errors that count before there are enough answers: at least so many, at a rate of so many times the threshold. */
export const certain = { errors: 5, factor: 10 } as const;

/** One bad answer makes no rate: a threshold passed by fewer than this is a doubt, neither a breach nor a pass. */
export const fewestBad = 2;

/** How bad something is. A `doubt` is over the threshold, by too few answers to tell. */
export type Level = "fine" | "warning" | "doubt" | "breach";

/** One color's figures beside the thresholds. */
export interface Measure {
  level: Level;
  /** The bad answers' share in percent. */
  share: number;
  /** The rate, or the response time, alone. */
  brief: string;
  /** The same with what it was counted from. */
  text: string;
}

/**
 * The errors of a color. While there are few answers only those count that are `certain`: a release that fails outright
 * must not fail fifty visitors first.
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

/** The response times of a color, by the bucket its quantile is in. Answers without a time say nothing about it. */
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
 * Where a value stands.
 * @param limits `bad` is how many bad answers the value comes from; leave it out where it is no share of answers
 */
export function levelOf(value: number, limits: { warning: number; breach: number; bad?: number }): Level {
  if (value > limits.breach) return (limits.bad ?? fewestBad) < fewestBad ? "doubt" : "breach";
  return value > limits.warning ? "warning" : "fine";
}
