import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { colors } from "../../core/color.ts";
import {
  describeSample,
  difference,
  type Figures,
  noFigures,
  quantileOf,
  type Reading,
} from "../../core/verdict/figures.ts";
import { defaultThresholds, type Thresholds } from "../../core/verdict/thresholds.ts";
import { judge, type Sample, type Shortfall, type Verdict } from "../../core/verdict/verdict.ts";

/** Answers from replicas, in one bucket by default, of which some are errors. */
function answers(count: number, more: Partial<Figures> = {}): Figures {
  const slow = (more.upTo300 ?? 0) + (more.upTo1000 ?? 0) + (more.upTo2000 ?? 0) + (more.over2000 ?? 0);
  const upTo100 = count - slow - (more.unanswered ?? 0);
  return { ...noFigures, requests: count, answers: count, upTo100, ...more };
}

/** A service, `api` by default, that is short of replicas. */
const shortOf = (ready: number, wanted: number, service = "api"): Shortfall[] => [{ service, ready, wanted }];

const quiet: Sample = {
  color: "green",
  seconds: 60,
  candidate: answers(400),
  other: answers(4_000),
  candidateShortfalls: [],
  otherShortfalls: [],
  connections: { used: 20, max: 100 },
  databaseError: null,
  metrics: null,
};

const judged = (more: Partial<Sample>, thresholds: Partial<Thresholds> = {}) =>
  judge({ ...quiet, ...more }, { ...defaultThresholds, ...thresholds });

describe("difference of two readings", () => {
  const reading = (worker: number, blue: Figures, green = noFigures): Reading => ({
    worker,
    counters: { blue, green },
  });

  it("subtracts, also over a reload that kept the counters", () => {
    for (const worker of [1, 2]) {
      const between = difference(reading(1, answers(100), answers(7)), reading(worker, answers(150), answers(7)));
      assert.deepEqual(between, { blue: answers(50), green: noFigures });
    }
  });

  it("begins again when another worker counts from zero, for both colors", () => {
    const after = reading(2, answers(3), answers(9));
    assert.deepEqual(difference(reading(1, answers(100), answers(7)), after), after.counters);
  });

  it("is never negative", () => {
    assert.deepEqual(difference(reading(1, answers(100)), reading(1, answers(90))).blue, noFigures);
  });
});

describe("quantile by bucket", () => {
  it("is the upper bound of the bucket it is in", () => {
    const cases: [Figures, number, number | null][] = [
      [noFigures, 99, null],
      [answers(5, { errors5xx: 5, unanswered: 5 }), 99, null],
      [answers(1), 99, 100],
      [answers(100, { over2000: 1 }), 99, 100],
      [answers(100, { over2000: 2 }), 99, Infinity],
      [answers(100, { over2000: 2 }), 50, 100],
      [answers(100, { upTo300: 2 }), 99, 300],
      [answers(100, { upTo300: 50, upTo1000: 10, upTo2000: 10 }), 50, 300],
      [answers(100, { upTo1000: 2 }), 99, 1000],
      [answers(100, { upTo2000: 2 }), 99, 2000],
      // Of the 700 answers 7 may be late: no rounding may make it 6 or 8.
      [answers(700, { over2000: 7 }), 99, 100],
      [answers(700, { over2000: 8 }), 99, Infinity],
      // The edge's own answers are not fast answers that make up for slow ones.
      [answers(1000, { unanswered: 900, over2000: 2 }), 99, Infinity],
    ];
    for (const [figures, quantile, bound] of cases)
      assert.equal(quantileOf(figures, quantile), bound, JSON.stringify([figures, quantile]));
  });

  it("agrees with the definition: the smallest bound that enough answers keep to", () => {
    const buckets = ["upTo100", "upTo300", "upTo1000", "upTo2000", "over2000"] as const;
    const bounds = [100, 300, 1000, 2000, Infinity];
    const count = fc.integer({ min: 0, max: 200 });
    fc.assert(
      fc.property(fc.tuple(count, count, count, count, count), fc.integer({ min: 1, max: 100 }), (counts, quantile) => {
        const figures: Figures = { ...noFigures, ...Object.fromEntries(buckets.map((name, i) => [name, counts[i]])) };
        const sorted = counts.flatMap((many, i) => Array<number>(many).fill(bounds[i] ?? 0));
        const nth = sorted.findIndex((_, i) => (i + 1) * 100 >= quantile * sorted.length);
        assert.equal(quantileOf(figures, quantile), sorted[nth] ?? null);
      }),
    );
  });
});

describe("verdict", () => {
  const cases: [string, Partial<Sample>, Verdict["kind"], RegExp][] = [
    ["nothing wrong", {}, "good", /^$/],
    [
      "more than 1 % errors",
      { candidate: answers(430, { errors5xx: 9 }) },
      "breach",
      /^error rate 2\.1 % \(9 of 430\), threshold 1 %; the other color has 0\.0 %$/,
    ],
    ["1 % errors and no more", { candidate: answers(400, { errors5xx: 4 }) }, "good", /^$/],
    [
      "errors alone, nothing to compare with",
      { candidate: answers(400, { errors5xx: 8 }), other: null },
      "breach",
      /% \(8 of 400\), threshold 1 %$/,
    ],
    [
      "p99 over 2 s",
      { candidate: answers(400, { over2000: 5 }) },
      "breach",
      /^p99 > 2000 ms \(5 of 400 over 2000 ms\), threshold 2000 ms; the other color has p99 ≤ 100 ms$/,
    ],
    ["1 % slow and no more", { candidate: answers(400, { over2000: 4 }) }, "good", /^$/],
    ["a replica gone", { candidateShortfalls: shortOf(1, 2) }, "breach", /^green api: 1 of 2 ready$/],
    [
      "a replica gone before any answer",
      { candidate: noFigures, candidateShortfalls: shortOf(0, 2) },
      "breach",
      /^green api: 0 of 2 ready$/,
    ],
    ["few answers", { candidate: answers(49) }, "inconclusive", /^49 answers, at least 50 are needed to judge$/],
    ["just enough answers", { candidate: answers(50) }, "good", /^$/],
    ["answers of the edge alone", { candidate: answers(90, { unanswered: 90 }) }, "inconclusive", /^0 answers/],
    [
      "the edge's own 503 is an error",
      { candidate: answers(90, { unanswered: 9, errors5xx: 9 }) },
      "breach",
      /error rate 10\.0 %/,
    ],
    ["few answers, failing outright", { candidate: answers(20, { errors5xx: 5 }) }, "breach", /25\.0 % \(5 of 20\)/],
    ["few answers, some errors", { candidate: answers(20, { errors5xx: 4 }) }, "inconclusive", /^20 answers/],
    ["few answers, all slow", { candidate: answers(20, { over2000: 20 }) }, "inconclusive", /^20 answers/],
    ["one error makes no rate", { candidate: answers(50, { errors5xx: 1 }) }, "inconclusive", /^error rate 2\.0 %/],
    ["two do", { candidate: answers(50, { errors5xx: 2 }) }, "breach", /^error rate 4\.0 %/],
    ["one slow answer makes no p99", { candidate: answers(50, { over2000: 1 }) }, "inconclusive", /^p99 > 2000/],
    [
      "both have errors",
      { candidate: answers(400, { errors5xx: 20 }), other: answers(4_000, { errors5xx: 160 }) },
      "shared",
      /^error rate 5\.0 % .* other color has 4\.0 %$/,
    ],
    [
      "both have errors, the release three times as many",
      { candidate: answers(400, { errors5xx: 48 }), other: answers(4_000, { errors5xx: 160 }) },
      "breach",
      /^error rate 12\.0 %/,
    ],
    [
      "a color within the threshold excuses nothing",
      { candidate: answers(400, { errors5xx: 5 }), other: answers(4_000, { errors5xx: 40 }) },
      "breach",
      /^error rate 1\.3 %/,
    ],
    [
      "a rate just over the threshold does not read as the threshold",
      { candidate: answers(4_250, { errors5xx: 44 }) },
      "breach",
      /^error rate 1\.04 % \(44 of 4250\), threshold 1 %/,
    ],
    [
      "a few errors of the other color excuse nothing",
      { candidate: answers(400, { errors5xx: 8 }), other: answers(8, { errors5xx: 2 }) },
      "breach",
      /^error rate 2\.0 %/,
    ],
    [
      "both are slow",
      { candidate: answers(400, { over2000: 20 }), other: answers(4_000, { over2000: 90 }) },
      "shared",
      /^p99 > 2000 ms/,
    ],
    [
      "both are slow, the release three times as much",
      { candidate: answers(400, { over2000: 27 }), other: answers(4_000, { over2000: 90 }) },
      "breach",
      /^p99 > 2000 ms/,
    ],
    [
      "errors are not excused by slowness",
      { candidate: answers(400, { errors5xx: 20 }), other: answers(4_000, { over2000: 900 }) },
      "breach",
      /^error rate/,
    ],
    [
      "only the release's own breach is named, not the shared one",
      {
        candidate: answers(400, { errors5xx: 20, over2000: 20 }),
        other: answers(4_000, { over2000: 900 }),
      },
      "breach",
      /^error rate[^/]*$/,
    ],
    [
      "both have lost replicas",
      { candidateShortfalls: shortOf(1, 2), otherShortfalls: shortOf(0, 2) },
      "shared",
      /^green api: 1 of 2 ready$/,
    ],
    [
      "both have lost a replica, of another number",
      { candidateShortfalls: shortOf(2, 4), otherShortfalls: shortOf(1, 2) },
      "shared",
      /^green api: 2 of 4 ready$/,
    ],
    [
      "both have lost all",
      { candidateShortfalls: shortOf(0, 2), otherShortfalls: shortOf(0, 2) },
      "shared",
      /^green api: 0 of 2 ready$/,
    ],
    [
      "all replicas gone, one of the other color",
      { candidateShortfalls: shortOf(0, 2), otherShortfalls: shortOf(1, 2) },
      "breach",
      /^green api: 0 of 2 ready$/,
    ],
    [
      "three times as many replicas gone as of the other color",
      { candidateShortfalls: shortOf(7, 10), otherShortfalls: shortOf(9, 10) },
      "breach",
      /^green api: 7 of 10 ready$/,
    ],
    [
      "another service of the other color is no excuse",
      { candidateShortfalls: shortOf(1, 2), otherShortfalls: shortOf(0, 1, "web") },
      "breach",
      /^green api: 1 of 2 ready$/,
    ],
    [
      "of two services only the one that the other color has complete is named",
      { candidateShortfalls: [...shortOf(1, 2), ...shortOf(0, 1, "web")], otherShortfalls: shortOf(1, 2) },
      "breach",
      /^green web: 0 of 1 ready$/,
    ],
    [
      "the database is unreachable",
      { databaseError: "connection refused", candidate: answers(400, { errors5xx: 400 }), other: null },
      "shared",
      /^database: connection refused \/ error rate 100\.0 %/,
    ],
    [
      "connections run out",
      { connections: { used: 91, max: 100 } },
      "shared",
      /^database: 91 of 100 connections in use/,
    ],
    [
      "connections run out, and the release alone has errors",
      { connections: { used: 95, max: 100 }, candidate: answers(400, { errors5xx: 160 }) },
      "breach",
      /^error rate 40\.0 % \(160 of 400\)[^/]*$/,
    ],
    [
      "the same after the commit, without traffic on the other color",
      { connections: { used: 95, max: 100 }, candidate: answers(400, { errors5xx: 160 }), other: noFigures },
      "breach",
      /^error rate 40\.0 %/,
    ],
    [
      "connections run out, and only the release is short of a replica",
      { connections: { used: 95, max: 100 }, candidateShortfalls: shortOf(0, 1) },
      "breach",
      /^green api: 0 of 1 ready$/,
    ],
    [
      "connections run out, and both have errors",
      {
        connections: { used: 95, max: 100 },
        candidate: answers(400, { errors5xx: 20 }),
        other: answers(4_000, { errors5xx: 160 }),
      },
      "shared",
      /^database: 95 of 100 .* \/ error rate 5\.0 %/,
    ],
    ["connections at the threshold", { connections: { used: 90, max: 100 } }, "good", /^$/],
    ["its own metrics: errors", { metrics: { errorRate: 1.5 } }, "breach", /^its own metrics: 1\.5 % errors/],
    ["its own metrics: slow", { metrics: { responseMs: 2_400.4 } }, "breach", /^its own metrics: 2400 ms a request/],
    [
      "its own metrics after a few answers",
      { candidate: answers(9), metrics: { errorRate: 50 } },
      "inconclusive",
      /^9 /,
    ],
    [
      "its own metrics while both have errors",
      { metrics: { errorRate: 5 }, other: answers(4_000, { errors5xx: 160 }) },
      "shared",
      /^its own metrics/,
    ],
  ];
  for (const [name, sample, kind, reasons] of cases)
    it(`${kind}: ${name}`, () => {
      const verdict = judged(sample);
      assert.equal(verdict.kind, kind);
      assert.match(verdict.reasons.join(" / "), reasons);
    });

  it("follows its thresholds", () => {
    const slow = { candidate: answers(100, { upTo1000: 2 }) };
    assert.equal(judged(slow, { latency: 300, latencyWarning: 100 }).kind, "breach");
    assert.equal(judged(slow, { latency: 300, latencyWarning: 100, quantile: 90 }).kind, "good");
    assert.equal(judged({ candidate: answers(9) }, { minimumSamples: 9 }).kind, "good");
    assert.equal(judged({ candidate: answers(100, { errors5xx: 5 }) }, { errorRate: 5 }).kind, "good");
    assert.equal(judged({ connections: { used: 60, max: 100 } }, { connections: 50 }).kind, "shared");
  });

  it("warns below the thresholds, and of problems of the other color", () => {
    const cases: [Partial<Sample>, RegExp][] = [
      [{}, /^$/],
      [{ candidate: answers(1_000, { errors5xx: 7 }) }, /^error rate 0\.7 % \(7 of 1000\)/],
      [{ candidate: answers(1_000, { upTo2000: 11 }) }, /^p99 ≤ 2000 ms \(0 of 1000 over 2000 ms\)/],
      [{ connections: { used: 76, max: 100 } }, /^database: 76 of 100 connections/],
      [{ metrics: { errorRate: 0.6, responseMs: 1_200 } }, /^its own metrics: 0\.6 % .* \/ its own metrics: 1200 ms/],
      [{ other: answers(4_000, { errors5xx: 90 }) }, /^the other color: error rate 2\.3 % \(90 of 4000\)$/],
      [{ other: answers(4_000, { over2000: 90 }) }, /^the other color: p99 > 2000 ms \(90 of 4000 over 2000 ms\)$/],
      [{ otherShortfalls: shortOf(0, 1, "web") }, /^the other color: blue web: 0 of 1 ready$/],
    ];
    for (const [sample, warnings] of cases) {
      const verdict = judged(sample);
      assert.equal(verdict.kind, "good");
      assert.match(verdict.warnings.join(" / "), warnings);
    }
  });

  it("warns of a shared problem in addition to a breach", () => {
    const connections = { used: 95, max: 100 };
    assert.deepEqual(judged({ connections, candidateShortfalls: shortOf(0, 1) }).warnings, [
      "database: 95 of 100 connections in use, threshold 90 %",
    ]);
  });
});

describe("verdict, whatever the figures", () => {
  const figures = fc
    .record({
      fast: fc.nat(300),
      slow: fc.nat(30),
      unanswered: fc.nat(30),
      errors: fc.nat(40),
    })
    .map(({ fast, slow, unanswered, errors }) => {
      const count = fast + slow + unanswered;
      return answers(count, { over2000: slow, unanswered, errors5xx: Math.min(errors, count) });
    });
  const missing: fc.Arbitrary<Shortfall[]> = fc.uniqueArray(
    fc
      .record({ service: fc.constantFrom("api", "web"), ready: fc.nat(4), more: fc.integer({ min: 1, max: 4 }) })
      .map(({ service, ready, more }) => ({ service, ready, wanted: ready + more })),
    { selector: ({ service }) => service },
  );
  const sample: fc.Arbitrary<Sample> = fc.record({
    color: fc.constantFrom(...colors),
    seconds: fc.constant(60),
    candidate: figures,
    other: fc.option(figures),
    candidateShortfalls: missing,
    otherShortfalls: missing,
    connections: fc.option(fc.record({ used: fc.nat(100), max: fc.constant(100) })),
    databaseError: fc.option(fc.constant("connection refused")),
    metrics: fc.constant(null),
  });
  const judge1 = (one: Sample) => judge(one, defaultThresholds);

  it("has a reason exactly when it is not good", () => {
    fc.assert(
      fc.property(sample, (one) => {
        const { kind, reasons } = judge1(one);
        assert.equal(reasons.length > 0, kind !== "good");
      }),
    );
  });

  it("blames no release while the database is unreachable", () => {
    fc.assert(
      fc.property(sample, (one) => {
        assert.equal(judge1({ ...one, databaseError: "connection refused" }).kind, "shared");
      }),
    );
  });

  it("blames a release for the same whether the database is nearly out of connections or not", () => {
    fc.assert(
      fc.property(sample, (one) => {
        const full = judge1({ ...one, connections: { used: 95, max: 100 }, databaseError: null });
        const free = judge1({ ...one, connections: { used: 5, max: 100 }, databaseError: null });
        assert.equal(full.kind, free.kind === "breach" ? "breach" : "shared");
        if (free.kind === "breach") assert.deepEqual(full.reasons, free.reasons);
      }),
    );
  });

  it("blames a release that has no replica of a service while the other color still has one", () => {
    fc.assert(
      fc.property(sample, fc.integer({ min: 1, max: 4 }), (one, left) => {
        const lost = { candidateShortfalls: shortOf(0, left + 1), otherShortfalls: shortOf(left, left + 1) };
        assert.equal(judge1({ ...one, ...lost, databaseError: null }).kind, "breach");
      }),
    );
  });

  it("never excuses a release by a healthy other color, and never blames one as good as the other", () => {
    fc.assert(
      fc.property(sample, (one) => {
        const alone = judge1({ ...one, other: null, otherShortfalls: [] }).kind;
        assert.equal(judge1({ ...one, other: answers(9_000), otherShortfalls: [] }).kind, alone);
        assert.notEqual(
          judge1({ ...one, other: one.candidate, otherShortfalls: one.candidateShortfalls }).kind,
          "breach",
        );
      }),
    );
  });

  it("is never good with a share over a threshold", () => {
    fc.assert(
      fc.property(sample, (one) => {
        const { errors5xx, answers: all, over2000 } = one.candidate;
        if (errors5xx * 100 > all || over2000 * 100 > one.candidate.upTo100 + over2000)
          assert.notEqual(judge1(one).kind, "good");
      }),
    );
  });
});

describe("a sample in one line", () => {
  it("describes both colors", () => {
    const candidate = answers(412, { upTo300: 30 });
    const other = answers(7_828, { over2000: 100, errors5xx: 8 });
    assert.equal(
      describeSample("green", { candidate, other }),
      "green 412 requests, 0.0 % errors, p50 ≤ 100 ms, p99 ≤ 300 ms · blue 7828 requests, 0.1 % errors, p50 ≤ 100 ms, p99 > 2000 ms",
    );
  });

  it("leaves out what is unknown", () => {
    assert.equal(describeSample("blue", { candidate: noFigures, other: null }), "blue 0 requests");
    const refused = { ...noFigures, requests: 3, answers: 2, errors5xx: 2, unanswered: 2 };
    for (const color of colors)
      assert.equal(describeSample(color, { candidate: refused, other: null }), `${color} 3 requests, 100.0 % errors`);
  });
});
