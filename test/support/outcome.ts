import assert from "node:assert/strict";
import type { Outcome } from "./stack.ts";

/** Asserts that it succeeded; otherwise its whole output is the failure. */
export function through(outcome: Outcome): Outcome {
  assert.equal(outcome.code, 0, outcome.text);
  return outcome;
}

/** Asserts that it succeeded and changed nothing: every resource is the same. */
export function nothingToDo(outcome: Outcome): void {
  through(outcome);
  const changes = /Resources:\n((?: +.+\n)*)/.exec(outcome.text)?.[1]?.trim() ?? "no summary";
  assert.match(changes, /^\d+ unchanged$/, outcome.text);
}

/**
 * Asserts that it was refused, or failed, with a message and no stack trace.
 * @param code the expected exit code. Default: any except 0, since the engine has its own
 */
export function refused(outcome: Outcome, sentence: RegExp, code?: number): void {
  if (code === undefined) assert.notEqual(outcome.code, 0, outcome.text);
  else assert.equal(outcome.code, code, outcome.text);
  assert.match(outcome.text, sentence);
  assert.doesNotMatch(outcome.text, /^\s+at .+:\d+:\d+/m, "a stack trace");
}
