import { otherColor } from "../../core/color.ts";
import type { WatchInput } from "../../core/jobs/inputs.ts";
import { describeSample, difference, type Figures, type Reading, timedAnswers } from "../../core/verdict/figures.ts";
import { judge, type Sample, type Verdict } from "../../core/verdict/verdict.ts";
import type { JobContext } from "../context.ts";
import { createShortfallFinder } from "../edge/shortfall.ts";
import { ask } from "../http.ts";
import type { Clock } from "../until.ts";

/** What one sample of a release shows. */
export interface Assessment {
  verdict: Verdict;
  /** Both colors' figures on one line. */
  text: string;
  sample: Sample;
}

/** Watches a release beside the other color. */
export interface Watch {
  /** Takes one sample, and sends probes where there is too little traffic to judge by. */
  assess(): Promise<Assessment>;
  /** Drops earlier samples: a new step begins. */
  restart(): void;
  end(): Promise<void>;
}

/**
 * Seconds for which a system's own metrics may still report a fault that is over, at least: the runbooks' cover the
 * last minute. A longer window counts instead.
 */
const metricsRemember = 60;

/** Probes sent at once. */
const probesAtOnce = 10;

/**
 * Milliseconds in which a sample may begin probes: with the longest a probe takes, it must leave time to renew the
 * lease, also when every answer is slow.
 */
const probesWithin = 1_500;

/**
 * @param input which release, and where
 */
export function createWatch(input: WatchInput, context: JobContext): Watch {
  const { color, thresholds } = input;
  const other = otherColor(color);
  const edge = context.edge(input.edge, 5_000);
  const monitor = context.monitor(input.database);
  let readings: { at: number; reading: Reading }[] = [];
  let databaseAway = false;
  let metricsFrom = Number.NEGATIVE_INFINITY;
  const shortfallsOf = createShortfallFinder(input, context);

  /** What happened within the window. The oldest reading is the youngest of those from before it. */
  const remember = (at: number, reading: Reading) => {
    readings.push({ at, reading });
    const start = at - thresholds.window * 1_000;
    const first = readings.findLastIndex((one) => one.at <= start);
    if (first > 0) readings = readings.slice(first);
    const oldest = readings[0] ?? { at, reading };
    return { seconds: (at - oldest.at) / 1_000, figures: difference(oldest.reading, reading) };
  };

  const assess = async (): Promise<Assessment> => {
    const [state, servers, counters, health, metrics] = await Promise.all([
      edge.state(),
      edge.servers(),
      edge.counters(),
      monitor.check(),
      metricsOf(input),
    ]);
    const at = context.monotonic();
    // Without their database both colors fail, and the probes go to one of them only: these figures are dropped.
    if (health.error !== null || databaseAway) readings = [];
    databaseAway = health.error !== null;
    const { seconds, figures } = remember(at, { worker: counters.worker, counters: counters.public });
    const beside = state.releases[other] === null ? null : figures[other];
    const counted: Sample = {
      color,
      seconds,
      candidate: figures[color],
      other: beside,
      candidateShortfalls: await shortfallsOf(servers, color),
      otherShortfalls: beside === null ? [] : await shortfallsOf(servers, other),
      connections: health.connections,
      databaseError: health.error,
      metrics: null,
    };
    // Its metrics still report such a fault when it is over, and the other color's are not known to compare with.
    if (judge(counted, thresholds).kind === "shared")
      metricsFrom = at + Math.max(thresholds.window, metricsRemember) * 1_000;
    const sample = at < metricsFrom ? counted : { ...counted, metrics };
    return { verdict: judge(sample, thresholds), text: describeSample(color, sample), sample };
  };

  return {
    async assess() {
      const seen = await assess();
      // A breach needs no more answers and must not wait for them.
      if (seen.verdict.kind !== "breach")
        await probe(input, context, tooFew(seen.sample.candidate, thresholds.minimumSamples));
      return seen;
    },
    restart() {
      readings = [];
    },
    end: () => monitor.end(),
  };
}

function tooFew(figures: Figures, minimum: number): number {
  return Math.max(0, minimum - timedAnswers(figures));
}

/**
 * Sends requests that change nothing to the watched color through the public entrance. The edge counts their answers
 * as it counts all answers, so they are ignored here.
 */
async function probe({ edge, probes, color }: WatchInput, { monotonic }: Clock, count: number): Promise<void> {
  if (probes.length === 0 || count === 0) return;
  const end = monotonic() + probesWithin;
  const todo = Array.from({ length: count }, (_, index) => probes[index % probes.length]);
  const send = async () => {
    for (let check = todo.pop(); check !== undefined && monotonic() < end; check = todo.pop()) {
      // The lowest bucket is the first that a candidate gets.
      const headers: Record<string, string> = { cookie: `turnout=${color}.0`, "user-agent": "turnout-probe" };
      if (check.host) headers.host = check.host;
      await ask(`${edge.publicUrl}${check.path}`, { method: check.method, headers, timeout: 3_000 }).catch(
        () => undefined,
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(probesAtOnce, count) }, send));
}

/** The system's own metrics; null where it has none, or they cannot be read. */
async function metricsOf({ edge, metrics, color }: WatchInput): Promise<Sample["metrics"]> {
  if (!metrics) return null;
  try {
    const headers: Record<string, string> = { cookie: `turnout=${color}.0` };
    if (metrics.host) headers.host = metrics.host;
    const answer = await ask(`${edge.publicUrl}${metrics.path}`, { headers, timeout: 2_000 });
    const own = JSON.parse(answer.body) as Record<string, unknown>;
    const number = (key: string | undefined) => (key !== undefined && typeof own[key] === "number" ? own[key] : null);
    const [errorRate, seconds] = [number(metrics.errorRate), number(metrics.seconds)];
    return {
      ...(errorRate === null ? {} : { errorRate }),
      ...(seconds === null ? {} : { responseMs: seconds * 1_000 }),
    };
  } catch {
    return null;
  }
}
