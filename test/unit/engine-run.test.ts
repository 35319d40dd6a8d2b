import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { engine } from "../../cli/engine.ts";
import type { Overrides } from "../../core/deploy/overrides.ts";
import { BusyError, SettingsError, TurnoutError } from "../../core/errors.ts";

type Answer = string | { refusal: string } | { killedAfter: string };

/** What the engine answers to a query, by the words it begins with. */
type Answers = Record<string, Answer>;

function scriptOf(answer: Answer): string {
  if (typeof answer === "string") return `echo '${answer}'`;
  return "refusal" in answer
    ? `echo 'error: ${answer.refusal}' >&2; exit 255`
    : `echo '${answer.killedAfter}'; kill -9 $$`;
}

/** A configuration as the engine prints it. */
const config = {
  "turnout:activeColor": { value: "blue", secret: false },
  "turnout:versions": { value: '{"blue":"1.0.0"}', objectValue: { blue: "1.0.0" }, secret: false },
  "turnout:secrets": { value: '{"edgeToken":"hidden"}', objectValue: { edgeToken: "hidden" }, secret: true },
  "docker:host": { value: "ssh://deploy@server", secret: false },
};

/** An engine that writes down each call but queries, and answers those. @returns the file it writes to */
function writingEngine(t: TestContext, answers: Answers = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "turnout-engine-"));
  const { PATH, TURNOUT_STEPS } = process.env;
  t.after(() => {
    process.env.PATH = PATH;
    if (TURNOUT_STEPS === undefined) delete process.env.TURNOUT_STEPS;
    rmSync(directory, { recursive: true });
  });
  const received = join(directory, "received");
  const all: Answers = { config: JSON.stringify(config), ...answers };
  const cases = Object.entries(all).map(([words, answer]) => `'${words}'*) ${scriptOf(answer)} ;;`);
  const program = `#!/bin/sh
case "$*" in
  version) echo v3.256.0 ;;
  up*) echo "$TURNOUT_STRATEGY|$TURNOUT_STEPS|$*" > '${received}' ;;
  'config set-all'*) echo "$PULUMI_OPTION_CONFIG_FILE|$*" >> '${received}' ;;
  ${cases.join("\n  ")}
  *) exit 1 ;;
esac
`;
  writeFileSync(join(directory, "pulumi"), program);
  chmodSync(join(directory, "pulumi"), 0o755);
  process.env.PATH = directory + delimiter + PATH;
  process.env.TURNOUT_STEPS = "from the shell";
  return received;
}

/** @returns what an engine received for the run */
async function upWith(t: TestContext, overrides?: Overrides): Promise<string> {
  const received = writingEngine(t);
  assert.equal(await engine("test", "turnout").up(overrides), 0);
  return readFileSync(received, "utf8");
}

test("overrides reach the engine by its environment, not by its arguments", async (t) => {
  const steps = '[{"weight":5,"seconds":300}]';
  const received = await upWith(t, { TURNOUT_STRATEGY: "canary", TURNOUT_STEPS: steps });
  assert.ok(received.startsWith(`canary|${steps}|up --yes `), received);
  assert.equal(received.split("weight").length, 2);
});

test("empty text removes what the shell sets, and a run without overrides keeps it", async (t) => {
  assert.match(await upWith(t, { TURNOUT_STRATEGY: "blue-green", TURNOUT_STEPS: "" }), /^blue-green\|\|up /);
  assert.match(await upWith(t), /^\|from the shell\|up /);
  assert.match(
    await upWith(t, { TURNOUT_STRATEGY: undefined, TURNOUT_STEPS: "from the shell" }),
    /^\|from the shell\|/,
  );
});

test("a value is set as text by its path, whatever it looks like", async (t) => {
  const received = writingEngine(t);
  await engine("test", "turnout", "other.yaml").write({ "versions.green": "1042" });
  const versions = { blue: "1.0.0", green: "1042" };
  const written = JSON.stringify({ "turnout:versions": { value: JSON.stringify(versions), objectValue: versions } });
  assert.equal(
    readFileSync(received, "utf8"),
    `other.yaml|config set-all --stack test --json ${written} --non-interactive\n`,
  );
});

test("a change is written in one call, without what it does not change", async (t) => {
  const received = writingEngine(t);
  const test = engine("test", "turnout");
  await test.write({ "versions.blue": "1.0.0", activeColor: "blue", "versions.green": null });
  assert.equal(existsSync(received), false, "nothing to change");
  await test.write({ "versions.blue": "1.1.0", activeColor: "green", "versions.green": null });
  const [call = "", more] = readFileSync(received, "utf8").trimEnd().split("\n");
  assert.equal(more, undefined);
  assert.match(call, /"turnout:activeColor":\{"value":"green"\}/);
  assert.match(call, /"objectValue":\{"blue":"1\.1\.0"\}/);
  assert.doesNotMatch(call, /secrets|hidden|docker/);
});

test("the configuration is that of the project, and asked for once", async (t) => {
  writingEngine(t);
  const test = engine("test", "turnout");
  assert.deepEqual(await test.config(), {
    activeColor: "blue",
    versions: '{"blue":"1.0.0"}',
    secrets: '{"edgeToken":"hidden"}',
  });
  process.env.PATH = "/nowhere";
  assert.equal(await test.dockerHost(), "ssh://deploy@server");
});

test("secret outputs are masked", async (t) => {
  const outputs = { url: "http://localhost", key: "[secret]" };
  writingEngine(t, { "stack output --json --stack test": JSON.stringify(outputs) });
  assert.deepEqual(await engine("test", "turnout").outputs(), outputs);
});

test("a stack that does not exist is a settings error, and has no outputs", async (t) => {
  const unknown = { refusal: "no stack named '\"'prod'\"' found" };
  writingEngine(t, { config: unknown, "stack output": unknown, "stack rm": unknown });
  const prod = engine("prod", "turnout");
  await assert.rejects(
    prod.config(),
    (error) =>
      error instanceof SettingsError &&
      error.message ===
        "There is no stack prod. Create it: npm run pulumi -- stack init prod, with a Pulumi.prod.yaml.",
  );
  assert.deepEqual(await prod.outputs(), {});
  await prod.forget();
});

test("a stack that is being updated is busy", async (t) => {
  writingEngine(t, { "stack rm": { refusal: "the stack is currently locked by 1 lock(s)" } });
  await assert.rejects(engine("test", "turnout").forget(), (error) => error instanceof BusyError);
});

test("any other refusal of the engine is one sentence, with its own words", async (t) => {
  writingEngine(t, { config: { refusal: "incorrect passphrase" } });
  await assert.rejects(engine("test", "turnout").config(), new TurnoutError("The engine failed: incorrect passphrase"));
});

test("an engine that gives no reason is named by its command, without what it printed", async (t) => {
  writingEngine(t, { config: { killedAfter: "hidden" } });
  await assert.rejects(engine("test", "turnout").config(), (error: Error) => {
    assert.match(
      error.message,
      /^The engine failed: Command was killed with SIGKILL .*: pulumi config --show-secrets /,
    );
    assert.doesNotMatch(error.message, /hidden/);
    return true;
  });
});

test("a stack is created only where it does not exist", async (t) => {
  const stacks = { "stack ls": '[{"name":"dev"}]', "stack init dev": { refusal: "stack dev already exists" } };
  writingEngine(t, { ...stacks, "stack init test": "created" });
  await engine("dev", "turnout").init();
  await engine("test", "turnout").init();
});
