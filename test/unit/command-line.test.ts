import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { find, parse } from "../../cli/arguments.ts";
import type { Command, Group } from "../../cli/definition.ts";
import { help } from "../../cli/help.ts";
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
const deployUsage = "Usage: npm run deploy -- VERSION [--stack S] [--strategy X] [--steps LIST].";

test("what a command does not take is refused in one sentence, with exit code 2", async () => {
  const table: [argv: string[], sentence: string][] = [
    [[], "No command is given. Use one of demo, demo:down, deploy, rollback, ops."],
    [["ops"], `No command is given. Use one of ${verbs}.`],
    [["ops", "nonsense"], `Unknown command "nonsense". Use one of ${verbs}.`],
    [["deploy"], "deploy needs a version. Run: npm run deploy -- 1.4.1."],
    [["deploy", "--stack", "prod"], "deploy needs a version. Run: npm run deploy -- 1.4.1 --stack prod."],
    [["ops", "promote", "now"], 'Unknown argument "now". Usage: npm run ops -- promote [--stack S].'],
    [
      ["rollback", "--strategy=canary"],
      'Unknown argument "--strategy=canary". Usage: npm run rollback -- [--stack S].',
    ],
    [["deploy", "--steps", "5:5m", "1.1.0", "1.2.0"], `Unknown argument "1.2.0". ${deployUsage}`],
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

const go: Command = { description: "Go", run: assert.fail };
const look: Command = {
  description: "Look at a place",
  options: ["json", "steps"],
  argument: { name: "PLACE", description: "where to look", example: "home" },
  run: assert.fail,
};
const root: Group = { description: "All of it", commands: { go, ops: { description: "Day 2", commands: { look } } } };

test("only the words that name a command pass", () => {
  const found: [string[], string[], Command | Group, string[]][] = [
    [["go"], ["go"], go, []],
    [["go", "--stack", "prod"], ["go"], go, ["--stack", "prod"]],
    [["ops", "look"], ["ops", "look"], look, []],
    [["ops", "look", "x"], ["ops", "look"], look, ["x"]],
    [["x", "-h"], [], root, ["x", "-h"]],
  ];
  for (const [argv, path, entry, rest] of found) assert.deepEqual(find(argv, root), { path, entry, rest });
  const table: [string[], string][] = [
    [["Go"], 'Unknown command "Go". Use one of go, ops.'],
    [["toString"], 'Unknown command "toString". Use one of go, ops.'],
    [["ops", "go"], 'Unknown command "go". Use one of look.'],
    [["ops", "--stack", "prod"], 'Unknown command "--stack". Use one of look.'],
  ];
  for (const [argv, message] of table)
    assert.throws(
      () => find(argv, root),
      (error) => error instanceof SettingsError && error.message === message,
    );
});

test("options are read in either form, and their values are kept as text", () => {
  const given = { stack: "prod", json: true, verify: false, strategy: undefined, steps: "5:1", argument: "1042" };
  for (const argv of [
    ["1042", "--stack", "prod", "--json", "--steps", "5:1"],
    ["--stack=prod", "--steps=5:1", "--json", "1042"],
    ["--stack=dev", "--stack=prod", "--steps=5:1", "--json", "--", "1042"],
  ])
    assert.deepEqual(parse(argv, ["ops", "look"], look), given, argv.join(" "));
  const alone = { stack: "dev", json: false, verify: false, strategy: undefined, steps: undefined, argument: "" };
  assert.deepEqual(parse([], ["go"], go), alone);
});

test("an argument is refused by its name, with the usage", () => {
  const correct = "Usage: npm run ops -- look PLACE [--stack S] [--json] [--steps LIST].";
  const table: [string[], string][] = [
    [["x", "--foo"], 'Unknown argument "--foo"'],
    [["x", "--stak=prod"], 'Unknown argument "--stak=prod"'],
    [["x", "-s", "prod"], 'Unknown argument "-s"'],
    [["x", "--no-json"], 'Unknown argument "--no-json"'],
    [["x", "--strategy", "canary"], 'Unknown argument "--strategy"'],
    [["x", "y"], 'Unknown argument "y"'],
    [["x", "--", "--foo"], 'Unknown argument "--foo"'],
    [["x", "--stack"], "--stack needs a value"],
    [["x", "--stack="], "--stack needs a value"],
    [["x", "--stack", "--json"], "--stack needs a value"],
    [["x", "--json=yes"], "--json takes no value"],
  ];
  for (const [argv, what] of table)
    assert.throws(
      () => parse(argv, ["ops", "look"], look),
      (error) => error instanceof SettingsError && error.message === `${what}. ${correct}`,
      argv.join(" "),
    );
  assert.throws(() => parse([], ["ops", "look"], look), {
    message: "ops look needs a place. Run: npm run ops -- look home.",
  });
});

test("the help of a command is complete", () => {
  assert.equal(
    help(["ops", "look"], look),
    `Look at a place.

Usage: npm run ops -- look PLACE [--stack S] [--json] [--steps LIST]

Argument:
  PLACE  where to look

Options:
  --stack S     the stack, one of Pulumi.<stack>.yaml; default: dev
  --json        print JSON
  --steps LIST  for this run only: percent:time of each canary step, such as 5:300,25:10m
  -h, --help    show this help`,
  );
  assert.equal(
    help([], root),
    `All of it.

Usage: npm run COMMAND -- [ARGUMENTS]

Commands:
  go   Go
  ops  Day 2

Add --help to a command to see its arguments.`,
  );
  assert.match(help(["ops"], root.commands.ops ?? assert.fail()), /^Day 2\.\n\nUsage: npm run ops -- COMMAND \[ARG/);
});
