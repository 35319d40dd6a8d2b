import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { defineCommand } from "citty";
import { execa } from "execa";
import { refuseUnknown } from "../../cli/command-line.ts";
import { SettingsError } from "../../core/errors.ts";

const main = resolve(import.meta.dirname, "../../cli/main.ts");

/** Only commands that are refused before anything is asked of the engine or of Docker: neither is on this PATH. */
async function typed(...argv: string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...argv], {
    reject: false,
    env: { PATH: "/nowhere" },
  });
  return { exitCode, stdout, stderr };
}

const verbs = "status, log, promote, abort, pause, resume, retry";

test("what a command does not take is refused in one sentence, with exit code 2", async () => {
  const table: [argv: string[], sentence: string][] = [
    [[], "No command is given. Write one of demo, demo:down, deploy, rollback, ops."],
    [["ops"], `No command is given. Write one of ${verbs}.`],
    [["ops", "nonsense"], `"nonsense" is no command. Write one of ${verbs}.`],
    [["deploy"], "deploy needs a version. Write: npm run deploy -- 1.4.1."],
    [["deploy", "--stack", "prod"], "deploy needs a version. Write: npm run deploy -- 1.4.1 --stack prod."],
    [["ops", "promote", "now"], '"now" is nothing this command takes. It takes --stack.'],
    [["rollback", "--strategy=canary"], '"--strategy=canary" is nothing this command takes. It takes --stack.'],
    [
      ["deploy", "--steps", "5:5m", "1.1.0", "1.2.0"],
      '"1.2.0" is nothing this command takes. It takes a version, --stack, --strategy, --steps.',
    ],
    [
      ["deploy", "1.1.0", "--strategy", "fast"],
      'Invalid --strategy "fast". Write one of blue-green, canary, rolling, recreate.',
    ],
  ];
  const refusals = await Promise.all(table.map(([argv]) => typed(...argv)));
  for (const [at, [argv, sentence]] of table.entries())
    assert.deepEqual(refusals[at], { exitCode: 2, stdout: "", stderr: sentence }, argv.join(" "));
});

test("help is given, not refused", async () => {
  const { exitCode, stdout } = await typed("ops", "--help");
  assert.equal(exitCode, 0);
  for (const verb of verbs.split(", ")) assert.match(stdout, new RegExp(`\\b${verb}\\b`));
});

test("only the words that name a command pass", () => {
  const leaf = defineCommand({ args: {} });
  const root = defineCommand({ subCommands: { go: leaf, ops: defineCommand({ subCommands: { look: leaf } }) } });
  for (const argv of [["go"], ["go", "--stack", "prod"], ["ops", "look"], ["ops", "look", "x"], ["x", "-h"]])
    assert.doesNotThrow(() => refuseUnknown(argv, root), argv.join(" "));
  const table: [string[], string][] = [
    [["Go"], '"Go" is no command. Write one of go, ops.'],
    [["toString"], '"toString" is no command. Write one of go, ops.'],
    [["ops", "go"], '"go" is no command. Write one of look.'],
    [["ops", "--stack", "prod"], '"--stack" is no command. Write one of look.'],
  ];
  for (const [argv, message] of table)
    assert.throws(
      () => refuseUnknown(argv, root),
      (error) => error instanceof SettingsError && error.message === message,
    );
});
