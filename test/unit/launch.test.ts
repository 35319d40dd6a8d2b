import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import type { JobPlacement } from "../../core/jobs/argv.ts";
import { imageReference } from "../../images/own-images.ts";

/**
 * A `docker` that writes down how it was called and plays what it finds in files named after its first argument:
 * `run.stdout`, `run.stderr`, `run.code`, and so on.
 */
const fakeDocker = `#!/bin/sh
here=$(dirname "$0")
{ for one in "$@"; do printf '%s\\n' "$one"; done; echo "--"; } >> "$here/calls"
env >> "$here/environment"
[ "$1" = run ] && cat > "$here/stdin"
for file in stdout stderr code; do [ -e "$here/$1.$file" ] || : > "$here/$1.$file"; done
cat "$here/$1.stderr" >&2
cat "$here/$1.stdout"
exit "$(cat "$here/$1.code" | grep . || echo 0)"
`;

const job: JobPlacement = {
  ...{ image: "turnout-ops:1", name: "turnout-test-shift", verb: "shift", prefix: "turnout-test" },
  ...{ network: "turnout-test-admin", volumes: { "/journal": "turnout-test-journal" }, docker: true },
  ...{ dockerHost: "", key: "0123456789ab" },
};
const result = '{"step":"shift","at":"2026-11-20T10:00:00.000Z","color":"green"}';
const input = JSON.stringify({ edge: { token: "the-secret-token" }, database: { password: "the-secret-password" } });

type Played = Partial<Record<`${"ps" | "run" | "logs" | "wait" | "image"}.${"stdout" | "stderr" | "code"}`, string>>;

/** Starts the launcher as Pulumi does, with a `docker` of its own. */
async function launch(
  t: TestContext,
  played: Played,
  more: { verb?: string; env?: object; job?: object; launcher?: string } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), "turnout-launch-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const bin = join(directory, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "docker"), fakeDocker, { mode: 0o755 });
  for (const [file, text] of Object.entries(played)) writeFileSync(join(bin, file), text);
  const env = {
    PATH: `${bin}:/usr/bin:/bin`,
    TURNOUT_JOB: JSON.stringify({ ...job, ...more.job }),
    TURNOUT_OPERATOR: "ada@laptop",
    ...more.env,
  };
  const launcher = resolve(import.meta.dirname, "../..", more.launcher ?? "launcher/launch.ts");
  const child = spawn(process.execPath, [launcher, more.verb ?? job.verb], { env });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => (stdout += data));
  child.stderr.on("data", (data) => (stderr += data));
  child.stdin.end(input);
  const [code] = await once(child, "close");
  const read = (file: string) => (existsSync(join(bin, file)) ? readFileSync(join(bin, file), "utf8") : "");
  const calls = read("calls").split("--\n").slice(0, -1);
  return {
    ...{ code, stdout, stderr },
    calls: calls.map((call) => call.trimEnd().split("\n")),
    stdin: read("stdin"),
    environment: read("environment"),
  };
}

test("a job's result is its last line; its input goes in by stdin, and nowhere else", async (t) => {
  const done = await launch(t, { "run.stdout": `a line before\n${result}\n`, "run.stderr": "step by step\n" });
  assert.equal(done.stdout, `${result}\n`);
  assert.equal(done.code, 0);
  assert.match(done.stderr, /step by step/);
  assert.equal(done.stdin, input);
  assert.deepEqual(
    done.calls.map(([verb]) => verb),
    ["ps", "run"],
  );
  assert.doesNotMatch(done.calls.flat().join("\n"), /the-secret/);
  assert.doesNotMatch(done.environment, /the-secret/);
});

test("the plain input and the secrets of stdin become one, and the container runs the present ops image", async (t) => {
  const { image: _, ...request } = job;
  const env = {
    TURNOUT_JOB: JSON.stringify(request),
    TURNOUT_INPUT: JSON.stringify({ color: "green", edge: { agentUrl: "http://agent" } }),
  };
  const done = await launch(t, { "run.stdout": `${result}\n` }, { env });
  assert.deepEqual(JSON.parse(done.stdin), {
    color: "green",
    edge: { agentUrl: "http://agent", token: "the-secret-token" },
    database: { password: "the-secret-password" },
  });
  const ops = await imageReference(resolve(import.meta.dirname, "../.."), "ops");
  assert.equal(done.calls.at(-1)?.at(-2), ops);
});

test("a state of 0.2.0 starts its jobs by the launcher's old path, with the image it names", async (t) => {
  const done = await launch(t, { "run.stdout": `${result}\n` }, { launcher: "ops/launch.ts" });
  assert.equal(done.stdout, `${result}\n`);
  assert.equal(done.calls.at(-1)?.at(-2), "turnout-ops:1");
});

test("it looks for the same work before it starts it, and names the container after the step", async (t) => {
  const { calls } = await launch(t, { "run.stdout": result });
  assert.deepEqual(calls[0], [
    ...["ps", "--quiet", "--no-trunc"],
    ...["--filter", "label=turnout.job=turnout-test-shift", "--filter", "label=turnout.key=0123456789ab"],
  ]);
  const run = calls[1] ?? [];
  assert.match(run[run.indexOf("--name") + 1] ?? "", /^turnout-test-shift-[0-9a-f]{6}$/);
  assert.deepEqual(run.slice(-2), ["turnout-ops:1", "shift"]);
});

test("the same work that runs already is joined, not started a second time", async (t) => {
  const done = await launch(t, {
    "ps.stdout": "abcdef0123\n",
    "logs.stdout": `${result}\n`,
    "logs.stderr": "half way through\n",
    "wait.stdout": "0\n",
  });
  assert.equal(done.stdout, `${result}\n`);
  assert.equal(done.code, 0);
  assert.match(done.stderr, /turnout-test-shift is already running; joining it\n/);
  assert.match(done.stderr, /half way through/);
  assert.deepEqual(done.calls.map((call) => call.join(" ")).sort(), [
    "logs --follow abcdef0123",
    "ps --quiet --no-trunc --filter label=turnout.job=turnout-test-shift --filter label=turnout.key=0123456789ab",
    "wait abcdef0123",
  ]);
});

test("a joined job that fails fails with its own code", async (t) => {
  const done = await launch(t, { "ps.stdout": "abc\n", "logs.stderr": "It broke.\n", "wait.stdout": "5\n" });
  assert.equal(done.code, 5);
  assert.equal(done.stdout, "");
  assert.match(done.stderr, /It broke\.\n$/);
});

test("a failed job's sentence is shown once and its code handed on", async (t) => {
  const sentence = "green api does not answer. See its log.";
  const done = await launch(t, { "run.stderr": `waiting\n${sentence}\n`, "run.code": "5" });
  assert.equal(done.code, 5);
  assert.equal(done.stdout, "");
  assert.equal(done.stderr, `waiting\n${sentence}\n`);
});

test("a job that ends well without a result has failed", async (t) => {
  for (const stdout of ["", "not a result\n"]) {
    const done = await launch(t, { "run.stdout": stdout });
    assert.equal(done.code, 1);
    assert.equal(done.stdout, "");
  }
});

test("an image that is not on the server is one sentence with its remedy, and nothing is pulled", async (t) => {
  const failed: Played = { "run.stderr": "docker: No such image.\n", "run.code": "125" };
  const done = await launch(t, { ...failed, "image.code": "1" });
  assert.equal(done.code, 3);
  assert.equal(
    done.stderr,
    "docker: No such image.\nThe server does not have Turnout's image turnout-ops:1. Build it: npm run setup.\n",
  );
  const far = await launch(t, { ...failed, "image.code": "1" }, { job: { dockerHost: "ssh://deploy@prod" } });
  assert.match(far.stderr, /Build it there: DOCKER_HOST=ssh:\/\/deploy@prod npm run setup\.\n$/);
  const other = await launch(t, { ...failed, "image.stdout": "sha256:1" });
  assert.equal(other.code, 125, "the image is there, so something else is wrong");
});

test("an unreachable engine is one sentence", async (t) => {
  const done = await launch(t, { "ps.stderr": "Cannot connect to the Docker daemon\n", "ps.code": "1" });
  assert.equal(done.code, 6);
  assert.equal(done.stderr, "The Docker engine is unreachable: Cannot connect to the Docker daemon.\n");
  assert.deepEqual(
    done.calls.map(([verb]) => verb),
    ["ps"],
  );
});

test("a server far away is reached by its address", async (t) => {
  const done = await launch(t, { "run.stdout": result }, { job: { dockerHost: "ssh://deploy@prod" } });
  assert.match(done.environment, /^DOCKER_HOST=ssh:\/\/deploy@prod$/m);
  const near = await launch(t, { "run.stdout": result });
  assert.doesNotMatch(near.environment, /^DOCKER_HOST=/m);
});

test("keep repeats what was done, and asks Docker nothing", async (t) => {
  const done = await launch(t, {}, { verb: "keep", env: { PULUMI_COMMAND_STDOUT: result } });
  assert.equal(done.stdout, `${result}\n`);
  assert.equal(done.code, 0);
  assert.deepEqual(done.calls, []);
});

test("what is for later does nothing now", async (t) => {
  const done = await launch(t, {}, { verb: "later" });
  assert.deepEqual([done.code, done.stdout, done.calls], [0, "{}\n", []]);
});

test("without a docker command it says so in one sentence", async (t) => {
  const done = await launch(t, {}, { env: { PATH: "/nowhere" } });
  assert.equal(done.code, 6);
  assert.equal(done.stderr, "The Docker engine is unreachable: there is no `docker` command on the PATH.\n");
});
