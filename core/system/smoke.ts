import { isDeepStrictEqual } from "node:util";
import type { SmokeCheck } from "./schema.ts";

/** The answer to a smoke test. */
export interface SmokeAnswer {
  status: number;
  body: string;
}

/**
 * Compares an answer with what its check expects.
 * @returns undefined when it is as expected, else what is wrong
 */
export function judge(check: SmokeCheck, answer: SmokeAnswer): string | undefined {
  const { expect } = check;
  if (answer.status !== expect.status)
    return `answered ${answer.status} instead of ${expect.status}${excerpt(answer.body)}`;
  if (expect.contains !== undefined && !answer.body.includes(expect.contains))
    return `the answer does not contain "${expect.contains}"`;
  if (expect.json === undefined) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(answer.body);
  } catch {
    return `the answer is not JSON${excerpt(answer.body)}`;
  }
  for (const [key, wanted] of Object.entries(expect.json)) {
    const actual = (found as Record<string, unknown> | null)?.[key];
    if (isDeepStrictEqual(actual, wanted)) continue;
    const difference = `${JSON.stringify(actual) ?? "missing"} instead of ${JSON.stringify(wanted)}`;
    return `${key} is ${difference}${excerpt(answer.body)}`;
  }
  return undefined;
}

function excerpt(body: string): string {
  const line = body.replaceAll(/\s+/g, " ").trim();
  if (!line) return "";
  return `: ${line.length > 200 ? `${line.slice(0, 200)}…` : line}`;
}

/** The smoke tests that can be sent repeatedly as probes: they change nothing, need no password, and allow `probe`. */
export function probesOf(checks: readonly SmokeCheck[]): SmokeCheck[] {
  return checks.filter(
    ({ method, auth, probe }) => ["GET", "HEAD"].includes(method) && auth === undefined && probe !== false,
  );
}
