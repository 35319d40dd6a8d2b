import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import { dependenciesCurrent, installDependencies, type Tools } from "../../setup/dependencies.mjs";

async function project(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "turnout-start-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  await writeFile(join(root, "package-lock.json"), '{"lockfileVersion": 3}');
  return root;
}

/** Stands for npm: what it is asked, and the files it would write. `fails` are commands that do not go through. */
function npm(root: string, fails: string[] = []): Tools & { asked: string[] } {
  const asked: string[] = [];
  const node = join(root, "node_modules", "node");
  return {
    asked,
    say: () => {},
    run(_command, argv) {
      const [verb = ""] = argv;
      asked.push(verb);
      if (fails.includes(verb)) return 1;
      const { mkdirSync, writeFileSync } = process.getBuiltinModule("node:fs");
      mkdirSync(join(node, "bin"), { recursive: true });
      if (verb === "installArchSpecificPackage.js") writeFileSync(join(node, "bin", "node"), "");
      return 0;
    },
  };
}

test("an installation is current until the lock file changes", async (t) => {
  const root = await project(t);
  assert.equal(dependenciesCurrent(root), false);
  const tools = npm(root);
  installDependencies(root, tools);
  assert.deepEqual(tools.asked, ["ci", "installArchSpecificPackage.js"]);
  assert.equal(dependenciesCurrent(root), true);
  await writeFile(join(root, "package-lock.json"), '{"lockfileVersion": 4}');
  assert.equal(dependenciesCurrent(root), false);
});

test("an installation without the project's own Node is not current", async (t) => {
  const root = await project(t);
  installDependencies(root, npm(root));
  await rm(join(root, "node_modules", ".bin", "node"));
  assert.equal(dependenciesCurrent(root), false);
});

test("a lock file that `npm ci` refuses is installed by `npm install`", async (t) => {
  const root = await project(t);
  const tools = npm(root, ["ci"]);
  installDependencies(root, tools);
  assert.deepEqual(tools.asked, ["ci", "install", "installArchSpecificPackage.js"]);
  assert.equal(dependenciesCurrent(root), true);
});

test("an installation that fails is one sentence and no stamp", async (t) => {
  const root = await project(t);
  assert.throws(() => installDependencies(root, npm(root, ["ci", "install"])), {
    message: /^The npm dependencies could not be installed\. See .*npm\.log;/,
  });
  assert.throws(() => installDependencies(root, npm(root, ["installArchSpecificPackage.js"])), {
    message: /^Node for this platform could not be installed/,
  });
  assert.equal(existsSync(join(root, "node_modules", ".turnout-stamp")), false);
});

test("an interrupted installation is done again", async (t) => {
  const root = await project(t);
  await mkdir(join(root, "node_modules", ".bin"), { recursive: true });
  await writeFile(join(root, "node_modules", ".bin", "node"), "");
  assert.equal(dependenciesCurrent(root), false);
  installDependencies(root, npm(root));
  assert.match(await readFile(join(root, "node_modules", ".turnout-stamp"), "utf8"), /^[0-9a-f]{64}$/);
});

test("doctor says that the dependencies are missing, and installs nothing", async (t) => {
  const root = await project(t);
  const setup = join(root, "setup");
  await mkdir(setup);
  for (const file of ["start.mjs", "dependencies.mjs"])
    await copyFile(resolve(import.meta.dirname, "../../setup", file), join(setup, file));
  const done = await execa(process.execPath, [join(setup, "start.mjs"), "doctor"], {
    reject: false,
    env: { PATH: "/nowhere" },
  });
  assert.deepEqual(
    { code: done.exitCode, said: done.stdout, errors: done.stderr },
    {
      code: 1,
      said: "✗ npm dependencies: not installed, or not those of package-lock.json. Run `npm run setup`.",
      errors: "",
    },
  );
  assert.deepEqual((await readdir(root)).toSorted(), ["package-lock.json", "setup"]);
});
