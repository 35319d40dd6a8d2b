import assert from "node:assert/strict";
import { appendFile, cp, mkdir, mkdtemp, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { imageReference } from "../../images/own-images.ts";
import { isLocalEngine } from "../../setup/docker.ts";
import { projectImages } from "../../setup/images.ts";
import { lastReleased } from "../support/released.ts";

/** A project with the folders that images are made from, and nothing else. */
async function project(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "turnout-images-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const name of ["edge", "ops", "postgres"]) {
    await mkdir(join(root, "images", name), { recursive: true });
    await writeFile(join(root, "images", name, "Dockerfile"), "FROM debian:trixie-slim\n");
  }
  await mkdir(join(root, "jobs"));
  await writeFile(
    join(root, "images", "ops", "main.ts"),
    'import { greet } from "../../jobs/greet.ts";\nconsole.log(greet);\n',
  );
  await writeFile(join(root, "jobs", "greet.ts"), 'export const greet: string = "hello";\n');
  await mkdir(join(root, "examples", "cleaning", "api"), { recursive: true });
  await writeFile(join(root, "examples", "cleaning", "api", "Dockerfile"), "FROM debian:trixie-slim\n");
  return root;
}

test("a reference names the content, wherever it lies", async (t) => {
  const root = await project(t);
  const edge = await imageReference(root, "edge");
  assert.match(edge, /^turnout-edge:[0-9a-f]{12}$/);
  const copy = join(await mkdtemp(join(tmpdir(), "turnout-copy-")), "elsewhere");
  t.after(() => rm(join(copy, ".."), { recursive: true, force: true }));
  await cp(root, copy, { recursive: true });
  for (const name of ["edge", "ops", "postgres"] as const)
    assert.equal(await imageReference(copy, name), await imageReference(root, name), name);
});

test("a change changes the reference of its image alone", async (t) => {
  const root = await project(t);
  const references = async () => ({
    edge: await imageReference(root, "edge"),
    ops: await imageReference(root, "ops"),
  });
  const before = await references();
  await appendFile(join(root, "images", "edge", "Dockerfile"), "USER 1\n");
  const second = await references();
  assert.notEqual(second.edge, before.edge);
  assert.equal(second.ops, before.ops);
  // The ops image holds the bundle, so whatever the bundle imports counts, and nothing else does.
  await writeFile(join(root, "jobs", "unused.ts"), "export const unused = 1;\n");
  assert.equal((await references()).ops, before.ops);
  await writeFile(join(root, "jobs", "greet.ts"), 'export const greet: string = "goodbye";\n');
  assert.notEqual((await references()).ops, before.ops);
});

test("a bundle is kept until a source of it changes, or it is damaged itself", async (t) => {
  const root = await project(t);
  const first = await imageReference(root, "ops");
  const bundle = join(root, ".turnout", "ops.mjs");
  await settle(root);
  assert.equal(await imageReference(root, "ops"), first);
  const made = (await stat(bundle)).mtimeMs;
  assert.equal(await imageReference(root, "ops"), first);
  assert.equal((await stat(bundle)).mtimeMs, made, "it is not built again");

  await writeFile(bundle, "half a bun");
  assert.equal(await imageReference(root, "ops"), first);
  await writeFile(join(root, ".turnout", "ops.json"), "{");
  assert.equal(await imageReference(root, "ops"), first);
  await writeFile(join(root, "package.json"), '{ "sideEffects": false }');
  const before = (await stat(bundle)).mtimeMs;
  await settle(root);
  assert.equal(await imageReference(root, "ops"), first);
  assert.ok((await stat(bundle)).mtimeMs > before, "what is installed may be another");
  await writeFile(join(root, "jobs", "greet.ts"), 'export const greet: string = "goodbye";\n');
  assert.notEqual(await imageReference(root, "ops"), first);
});

/** Files that were written a moment ago are not trusted to be what was bundled. */
async function settle(root: string): Promise<void> {
  const old = new Date(Date.now() - 60_000);
  for (const file of ["images/ops/main.ts", "jobs/greet.ts", "package.json"])
    await utimes(join(root, file), old, old).catch(() => undefined);
}

test("the example system has an image for each of its versions, each with the hash of its source", async (t) => {
  const root = await project(t);
  const examples = (await projectImages(root, true)).filter(({ name }) => name.startsWith("turnout-example-"));
  assert.equal(examples.length, 18);
  const api = examples.find(({ reference }) => reference === "turnout-example-cleaning-api:1.1.0");
  assert.deepEqual(api?.buildArgs, { VERSION: "1.1.0" });
  assert.equal(api?.dockerfile, "api/Dockerfile");
  assert.equal(new Set(examples.map(({ source }) => source)).size, 1);

  await mkdir(join(root, "examples", "cleaning", "api", "__pycache__"));
  await writeFile(join(root, "examples", "cleaning", "api", "__pycache__", "app.pyc"), "");
  const again = (await projectImages(root, true)).at(-1);
  assert.equal(again?.source, api?.source, "what Python leaves behind is no source");
});

test("a server gets our own images alone; the example system is for an engine of this machine", async (t) => {
  const root = await project(t);
  const names = (await projectImages(root, false)).map(({ name }) => name);
  assert.deepEqual(names, ["turnout-edge", "turnout-ops", "turnout-postgres"]);
  for (const host of ["", "unix:///var/run/docker.sock"]) assert.equal(isLocalEngine(host), true, host);
  for (const host of ["ssh://deploy@server", "tcp://127.0.0.1:2376"]) assert.equal(isLocalEngine(host), false, host);
});

test("an upgrade restarts neither the edge nor the database: their images are those of the last release", async () => {
  const root = resolve(import.meta.dirname, "../..");
  const { edge, postgres } = lastReleased.images;
  assert.equal(await imageReference(root, "edge"), edge);
  assert.equal(
    await imageReference(root, "postgres"),
    postgres,
    "the tag is a hash of the whole folder, README included",
  );
});
