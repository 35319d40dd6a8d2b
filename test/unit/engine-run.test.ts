import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { engine } from "../../cli/engine.ts";
import type { Overrides } from "../../core/deploy/overrides.ts";

/** An engine that writes down what it is told, for a run or to set. @returns the file */
function writingEngine(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "turnout-engine-"));
  const { PATH, TURNOUT_STEPS } = process.env;
  t.after(() => {
    process.env.PATH = PATH;
    if (TURNOUT_STEPS === undefined) delete process.env.TURNOUT_STEPS;
    rmSync(directory, { recursive: true });
  });
  const told = join(directory, "told");
  const program = `#!/bin/sh
case "$1" in
  up) echo "$TURNOUT_STRATEGY|$TURNOUT_STEPS|$*" > '${told}' ;;
  config) [ "$2" = set ] && echo "$*" > '${told}'; echo '{}' ;;
  *) exit 1 ;;
esac
`;
  writeFileSync(join(directory, "pulumi"), program);
  chmodSync(join(directory, "pulumi"), 0o755);
  process.env.PATH = directory + delimiter + PATH;
  process.env.TURNOUT_STEPS = "from the shell";
  return told;
}

/** @returns what an engine was told for the run */
async function upWith(t: TestContext, run?: Overrides): Promise<string> {
  const told = writingEngine(t);
  assert.equal(await engine("test", "turnout").up(run), 0);
  return readFileSync(told, "utf8");
}

test("what is said for a run reaches the engine by its environment, not by its arguments", async (t) => {
  const steps = '[{"weight":5,"seconds":300}]';
  const told = await upWith(t, { TURNOUT_STRATEGY: "canary", TURNOUT_STEPS: steps });
  assert.ok(told.startsWith(`canary|${steps}|up --yes `), told);
  assert.equal(told.split("weight").length, 2);
});

test("empty text takes away what the shell says, and a plain run leaves it", async (t) => {
  assert.match(await upWith(t, { TURNOUT_STRATEGY: "blue-green", TURNOUT_STEPS: "" }), /^blue-green\|\|up /);
  assert.match(await upWith(t), /^\|from the shell\|up /);
  assert.match(
    await upWith(t, { TURNOUT_STRATEGY: undefined, TURNOUT_STEPS: "from the shell" }),
    /^\|from the shell\|/,
  );
});

test("a value is set as text by its path, whatever it looks like", async (t) => {
  const told = writingEngine(t);
  await engine("test", "turnout").set("versions.green", "1042");
  assert.match(readFileSync(told, "utf8"), /^config set --path --type string versions\.green 1042 --stack test /);
});
