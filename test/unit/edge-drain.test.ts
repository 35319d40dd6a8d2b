import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseSessions } from "../../agent/parse.ts";
import { beganBefore, closingChance, type Drain } from "../../core/edge/drain.ts";
import { deadlineIn, type EdgeTime } from "../../core/edge/time.ts";

const commit: EdgeTime = { bootId: "boot", uptimeMs: 1_000_000, wallMs: 1_700_000_000_000 };
const after = (ms: number): EdgeTime => ({ ...commit, uptimeMs: commit.uptimeMs + ms });
const drain = (ttlMs: number, spreadMs: number): Drain => ({
  color: "blue",
  spreadMs,
  ...deadlineIn(ttlMs, commit),
});

describe("draining a color", () => {
  it("closes nothing before its time and everything at the end of the spread", () => {
    const one = drain(10_000, 30_000);
    assert.equal(closingChance(one, 250, after(9_999)), 0);
    assert.equal(closingChance(one, 250, after(10_000)), 0);
    assert.ok(closingChance(one, 250, after(10_250)) > 0);
    assert.equal(closingChance(one, 250, after(40_000)), 1);
    assert.equal(closingChance(one, 250, after(90_000)), 1);
    assert.equal(closingChance(drain(0, 0), 250, after(0)), 1);
  });

  it("spreads the closing evenly, however often it runs", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 60_000 }), fc.integer({ min: 20, max: 2_000 }), (spreadMs, tickMs) => {
        const one = drain(5_000, spreadMs);
        let alive = 1;
        for (let at = tickMs; at < spreadMs + tickMs; at += tickMs) {
          const chance = closingChance(one, tickMs, after(5_000 + at));
          assert.ok(chance >= 0 && chance <= 1);
          alive *= 1 - chance;
          assert.ok(Math.abs(alive - Math.max(0, 1 - at / spreadMs)) < 1e-9, `${alive} live after ${at} ms`);
        }
      }),
    );
  });

  it("includes only sessions that began before the commit, or at most 5 s after it", () => {
    const one = drain(60_000, 1_000);
    assert.equal(beganBefore(one, 60_000, after(60_000)), true);
    assert.equal(beganBefore(one, 55_000, after(60_000)), true);
    assert.equal(beganBefore(one, 54_999, after(60_000)), false);
  });

  it("parses HAProxy's sessions and their maximum age", () => {
    const line = (age: string) =>
      `0x7f26964b7400: proto=tcpv4 src=192.0.2.7:4711 fe=public be=be_blue_web srv=s1 ts=00 epoch=0 age=${age} calls=2 rate=0 cpu=0 lat=0 rq[f=848000h]`;
    const cases: [string, number][] = [
      ["0s", 1],
      ["59s", 60],
      ["2m", 121],
      ["2m5s", 126],
      ["1h2m", 3_780],
      ["1h5s", 3_606],
      ["2d1h", 180_000],
    ];
    for (const [age, seconds] of cases)
      assert.deepEqual(
        parseSessions(`${line(age)}\n\n`),
        [{ id: "0x7f26964b7400", frontend: "public", backend: "be_blue_web", oldestMs: seconds * 1_000 }],
        age,
      );
  });
});
