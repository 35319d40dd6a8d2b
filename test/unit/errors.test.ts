import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BusyError,
  describeError,
  exitCode,
  exitCodes,
  GuardError,
  SettingsError,
  StepError,
  TurnoutError,
} from "../../core/errors.ts";

test("the exit code shows the kind of failure", () => {
  const table: [error: unknown, code: number][] = [
    [new SettingsError("x"), 2],
    [new GuardError("x"), 3],
    [new BusyError("x"), 4],
    [new StepError("x"), 5],
    [new TurnoutError("x"), 6],
    [new Error("x"), 1],
    [new TypeError("x"), 1],
    ["x", 1],
    [undefined, 1],
  ];
  for (const [error, code] of table) assert.equal(exitCode(error), code, String(error));
  assert.equal(new Set(Object.values(exitCodes)).size, Object.keys(exitCodes).length, "no code has two meanings");
});

test("an unknown kind of TurnoutError has the general code", () => {
  class Special extends TurnoutError {
    override name = "Special";
  }
  assert.equal(exitCode(new Special("x")), 6);
});

test("the first sentence says what happened, the next what to do", () => {
  const error = new GuardError("The port is taken", "stop what holds it");
  assert.equal(error.message, "The port is taken. Stop what holds it.");
  assert.equal(error.todo, "stop what holds it");
  assert.equal(new GuardError("The port is taken").message, "The port is taken.");
});

test("an expected error has no stack trace, a defect has one", () => {
  assert.equal(describeError(new StepError("It broke", "try again")), "It broke. Try again.");
  assert.match(describeError(new TypeError("defect")), /TypeError: defect\n\s+at /);
  assert.equal(describeError("text"), "text");
});
