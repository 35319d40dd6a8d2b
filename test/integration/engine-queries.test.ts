import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { type Engine, engine } from "../../cli/engine.ts";
import { BusyError, SettingsError } from "../../core/errors.ts";
import { engineEnvironment, fileBackend } from "../../setup/engine.ts";

const root = resolve(import.meta.dirname, "../..");
const directory = await mkdtemp(join(tmpdir(), "turnout-queries-"));
const name = `it-${randomBytes(4).toString("hex")}`;
const configFile = join(directory, "other.yaml");

process.chdir(root);
Object.assign(process.env, engineEnvironment(root).env, {
  PULUMI_BACKEND_URL: fileBackend(directory),
  PULUMI_CONFIG_PASSPHRASE: "a passphrase of this test",
});

after(async () => {
  await rm(directory, { recursive: true, force: true });
  // The engine writes a configuration beside the project's, which is not read.
  await rm(join(root, `Pulumi.${name}.yaml`), { force: true });
});

const lines = ["# who is active", "turnout:activeColor: blue", "turnout:versions:", "  blue: 1.0.0"];
await writeFile(configFile, ["config:", ...lines.map((line) => `  ${line}`), ""].join("\n"));

// The real engine with its real sentences: a new version of it may word or quote differently.
const stack = engine(name, "turnout", configFile);

/** The rest of the configuration is `Pulumi.yaml`'s defaults. */
async function activeVersions(of: Engine) {
  const { activeColor, versions } = await of.config();
  return [activeColor, JSON.parse(versions ?? "")];
}

test("a stack that does not exist is known by the engine's own answer", async () => {
  await assert.rejects(
    stack.config(),
    (error) => error instanceof SettingsError && /^There is no stack/.test(error.message),
  );
  assert.deepEqual(await stack.outputs(), {});
  await stack.forget();
});

test("a stack is created once", async () => {
  await stack.init();
  await stack.init();
  assert.deepEqual(await stack.outputs(), {});
});

test("a change is written to the stack's own file, as text, and nothing else of it changes", async () => {
  await stack.write({ "versions.green": "1042", activeColor: "green" });
  assert.deepEqual(await activeVersions(stack), ["green", { blue: "1.0.0", green: "1042" }]);
  const text = await readFile(configFile, "utf8");
  assert.match(text, /# who is active\n +turnout:activeColor: green\n/);
  assert.match(text, /\n +blue: 1\.0\.0\n +green: "1042"\n/);
  await stack.write({ "versions.green": null, "versions.blue": "1.10" });
  assert.deepEqual(await activeVersions(engine(name, "turnout", configFile)), ["green", { blue: "1.10" }]);
});

test("a stack that somebody updates is busy", async (t) => {
  const locks = join(directory, ".pulumi", "locks", "organization", "turnout", name);
  await mkdir(locks, { recursive: true });
  t.after(() => rm(locks, { recursive: true }));
  const lock = { pid: process.pid, username: "ann", hostname: hostname(), timestamp: "2026-01-02T03:04:05Z" };
  await writeFile(join(locks, "0b1f3f0e-0000-4000-8000-000000000000.json"), JSON.stringify(lock));
  await assert.rejects(stack.forget(), (error) => error instanceof BusyError);
});

test("a stack that is forgotten does not exist, and its configuration stays", async () => {
  await stack.forget();
  await assert.rejects(engine(name, "turnout", configFile).config(), (error) => error instanceof SettingsError);
  assert.match(await readFile(configFile, "utf8"), /1\.10/);
});
