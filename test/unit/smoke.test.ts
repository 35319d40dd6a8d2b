import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SmokeCheck } from "../../core/system/schema.ts";
import { judge, probesOf } from "../../core/system/smoke.ts";

const check = (expect: Partial<SmokeCheck["expect"]> = {}): SmokeCheck => ({
  ...{ name: "check", method: "GET", path: "/" },
  expect: { status: 200, ...expect },
});

test("an answer is judged by what its check expects", () => {
  const table: [SmokeCheck["expect"], status: number, body: string, wrong: string | undefined][] = [
    [{ status: 200 }, 200, "", undefined],
    [{ status: 204 }, 204, "", undefined],
    [{ status: 200 }, 500, "", "answered 500 instead of 200"],
    [{ status: 200 }, 503, '{"db": false}\n', 'answered 503 instead of 200: {"db": false}'],
    [{ status: 404 }, 200, "found", "answered 200 instead of 404: found"],
    [{ status: 200, contains: "Snap" }, 200, "<h1>CleanWithSnapshot</h1>", undefined],
    [{ status: 200, contains: "Snap" }, 200, "Welcome to nginx", 'the answer does not contain "Snap"'],
    [{ status: 200, json: { ok: true } }, 200, '{"ok":true,"more":1}', undefined],
    [{ status: 200, json: { ok: true } }, 200, '{"ok":"true"}', 'ok is "true" instead of true: {"ok":"true"}'],
    [{ status: 200, json: { ok: true } }, 200, "{}", "ok is missing instead of true: {}"],
    [{ status: 200, json: { ok: true } }, 200, "null", "ok is missing instead of true: null"],
    [{ status: 200, json: { ok: true } }, 200, "<html>", "the answer is not JSON: <html>"],
    [{ status: 200, json: { ok: true } }, 200, "", "the answer is not JSON"],
    [{ status: 200, json: { a: { b: [1] } } }, 200, '{"a":{"b":[1]}}', undefined],
    [{ status: 200, json: {} }, 200, "[]", undefined],
  ];
  for (const [expect, status, body, wrong] of table)
    assert.equal(judge(check(expect), { status, body }), wrong, `${JSON.stringify(expect)} ${body}`);
});

test("a long answer is shown on one line, and not whole", () => {
  const failure = judge(check(), { status: 500, body: `line\n\n  ${"x".repeat(500)}` });
  assert.equal(failure, `answered 500 instead of 200: line ${"x".repeat(195)}…`);
});

test("an answer passes only with the expected status, and what is wrong is one line", () => {
  const status = fc.integer({ min: 100, max: 599 });
  fc.assert(
    fc.property(status, status, fc.string(), (wanted, found, body) => {
      const failure = judge(check({ status: wanted }), { status: found, body });
      assert.equal(failure === undefined, wanted === found);
      assert.doesNotMatch(failure ?? "", /\n/);
    }),
  );
});

test("probes are the checks that change nothing, need no password, and are not excepted", () => {
  const table: [change: Partial<SmokeCheck>, isProbe: boolean][] = [
    [{}, true],
    [{ method: "HEAD" }, true],
    [{ probe: true }, true],
    [{ probe: false }, false],
    [{ method: "POST" }, false],
    [{ method: "POST", probe: true }, false],
    [{ auth: { user: "admin", secret: "password" } }, false],
    [{ auth: { user: "admin", secret: "password" }, probe: true }, false],
  ];
  for (const [change, isProbe] of table) {
    const one = { ...check(), ...change };
    assert.deepEqual(probesOf([one]), isProbe ? [one] : [], JSON.stringify(change));
  }
});
