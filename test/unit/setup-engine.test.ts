import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { devPassphrase, engineEnvironment } from "../../setup/engine.ts";
import { build, goBuild, type Overrides } from "../../setup/engine-build.ts";
import { checksumOf, downloadEngine, installedEngine, newEnough } from "../../setup/engine-official.ts";
import { cacheHome, cacheKey, parts } from "../../setup/engine-parts.ts";
import { namedStack } from "../../setup/stack.ts";

async function folder(t: TestContext, files: Record<string, string> = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "turnout-setup-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}

const sources = { "go.mod": "module x", "go.sum": "sums", "main.go": "package main", "shim/go.mod": "module y" };

test("the cache key changes with every source and lock file, not with tests", async (t) => {
  const key = await cacheKey(parts.command, await folder(t, sources));
  assert.match(key, /^[0-9a-f]{16}$/);
  const keyOf = async (changed: Record<string, string>) =>
    cacheKey(parts.command, await folder(t, { ...sources, ...changed }));
  assert.equal(await keyOf({}), key, "the same sources elsewhere");
  assert.equal(await keyOf({ "main_test.go": "package main" }), key, "a test");
  for (const path of Object.keys(sources)) assert.notEqual(await keyOf({ [path]: "other" }), key, path);
  assert.notEqual(await keyOf({ "new.go": "" }), key, "a new file");
  assert.notEqual(await cacheKey(parts.language, await folder(t, sources)), key, "another part");
});

test("the cache is the user's", () => {
  assert.equal(cacheHome({ XDG_CACHE_HOME: "/cache" }), "/cache/turnout/engine");
  assert.match(cacheHome({}), /\/\.cache\/turnout\/engine$/);
});

/** Stands for the Go compiler: writes what it would write. */
const compiler: Overrides = async ({ argv }) => {
  await mkdir(dirname(after(argv, "-o") ?? "/nowhere"), { recursive: true });
  await writeFile(after(argv, "-o") ?? "", "a program");
};

test("a build takes its place when it is whole", async (t) => {
  const cache = await folder(t);
  const place = join(cache, "command-1234");
  await build(parts.command, await folder(t, sources), place, () => {}, compiler);
  assert.deepEqual(await readdir(cache), ["command-1234"]);
  assert.deepEqual(await readdir(place), ["pulumi-resource-command"]);
});

test("a build that fails leaves nothing, and what a killed one left is cleared", async (t) => {
  const cache = await folder(t, { ".building-killed/output/pulumi": "half" });
  const failing: Overrides = async (work, say) => {
    await compiler(work, say);
    assert.ok(!existsSync(join(cache, ".building-killed")));
    throw new Error("no space left");
  };
  const sourceFolder = await folder(t, sources);
  await assert.rejects(
    build(parts.command, sourceFolder, join(cache, "command-1234"), () => {}, failing),
    /no space/,
  );
  assert.deepEqual(await readdir(cache), []);
});

test("the docker provider gets its schema before it is built, and the sources stay as they are", async (t) => {
  const cache = await folder(t);
  const sourceFolder = await folder(t, { ...sources, "cmd/pulumi-resource-docker/main.go": "package main" });
  const ran: string[] = [];
  const run: Overrides = async (work, say) => {
    const out = after(work.argv, "--out");
    ran.push(out ? "generate" : (work.argv.at(-1) ?? ""));
    if (out) await writeFile(join(out, "schema.json"), "{}");
    else await compiler(work, say);
  };
  await build(parts.docker, sourceFolder, join(cache, "docker-1234"), () => {}, run);
  assert.deepEqual(ran, ["./cmd/schema", "generate", "./cmd/pulumi-resource-docker"]);
  assert.ok(!existsSync(join(sourceFolder, "cmd/pulumi-resource-docker/schema.json")));
});

test("the CLI is built with its version", () => {
  const argv = goBuild(parts.cli, parts.cli.target, "/out/pulumi");
  assert.match(after(argv, "-ldflags") ?? "", /-X \S+\/version\.Version=v3\.256\.0$/);
  assert.deepEqual(argv.slice(-3), ["-o", "/out/pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"]);
});

test("versions of major 3 from 3.256.0 on can be used", () => {
  for (const version of ["v3.256.0", "3.256.1", "v3.300.0", "v3.257.0-alpha.1"]) assert.ok(newEnough(version), version);
  for (const version of ["v3.255.9", "v2.999.0", "v4.0.0", "", "dev"]) assert.ok(!newEnough(version), version);
});

test("an installed engine is used when it is new enough and brings its language host", async (t) => {
  const program = (version: string) => `#!/bin/sh\necho ${version}\n`;
  const make = async (files: Record<string, string>) => {
    const directory = await folder(t, files);
    for (const name of Object.keys(files)) await chmod(join(directory, name), 0o755);
    return directory;
  };
  const good = await make({ pulumi: program("v3.260.0"), "pulumi-language-nodejs": "" });
  const old = await make({ pulumi: program("v3.100.0"), "pulumi-language-nodejs": "" });
  const alone = await make({ pulumi: program("v3.260.0") });
  const linked = await folder(t);
  await symlink(join(good, "pulumi"), join(linked, "pulumi"));
  assert.equal(await installedEngine(good), good);
  assert.equal(await installedEngine(`/nowhere:${linked}`), good, "through a link");
  assert.equal(await installedEngine(`${old}:${good}`), undefined, "the first on PATH is the one that would run");
  assert.equal(await installedEngine(alone), undefined);
  assert.equal(await installedEngine("/nowhere"), undefined);
});

test("an unreachable download site is not a failure", async () => {
  const unreachable = () => Promise.reject(new TypeError("fetch failed"));
  assert.equal(await downloadEngine(() => {}, unreachable), false);
  const forbidden = async () => new Response("no", { status: 403 });
  assert.equal(await downloadEngine(() => {}, forbidden), false);
});

/** Published checksums that no file has. */
const checksums = ["linux", "darwin"]
  .flatMap((os) => ["x64", "arm64"].map((arch) => `${"0".repeat(64)}  pulumi-v3.256.0-${os}-${arch}.tar.gz`))
  .join("\n");

test("an interrupted download is not a failure", async () => {
  const broken = new ReadableStream({ start: (stream) => stream.error(new TypeError("terminated")) });
  const archives = [async () => Promise.reject(new TypeError("fetch failed")), async () => new Response(broken)];
  for (const archive of archives) {
    const asked: string[] = [];
    const request = async (url: unknown) => {
      asked.push(String(url).endsWith(".txt") ? "checksums" : "archive");
      return asked.at(-1) === "checksums" ? new Response(checksums) : archive();
    };
    assert.equal(await downloadEngine(() => {}, request as typeof fetch), false);
    assert.deepEqual(asked, ["checksums", "archive"]);
  }
});

test("a download without its published checksum is refused", async () => {
  const tampered = async (url: unknown) => new Response(String(url).endsWith(".txt") ? checksums : "something else");
  await assert.rejects(
    downloadEngine(() => {}, tampered as typeof fetch),
    { name: "SetupError", message: /checksum/ },
  );
});

test("a checksum is found by the whole file name", () => {
  const list = "aaa  pulumi.tar.gz.sig\nbbb  pulumi.tar.gz\n";
  assert.equal(checksumOf(list, "pulumi.tar.gz"), "bbb");
  assert.equal(checksumOf(list, "pulumi"), undefined);
});

async function setUpProject(t: TestContext, kind: "official" | "built"): Promise<string> {
  const root = await folder(t, { "bin/pulumi": "" });
  await mkdir(join(root, ".turnout"));
  await writeFile(join(root, ".turnout", "engine.json"), JSON.stringify({ kind, bin: join(root, "bin") }));
  return root;
}

test("the engine gets a home and a state of the project's own", async (t) => {
  const root = await setUpProject(t, "built");
  const { pulumi, env } = engineEnvironment(root, "dev", { PATH: "/usr/bin", TURNOUT_OPERATOR: "ann@laptop" });
  assert.equal(pulumi, join(root, "bin", "pulumi"));
  assert.deepEqual(env, {
    PATH: `${root}/node_modules/.bin:${root}/bin:/usr/bin`,
    PULUMI_HOME: `${root}/.turnout/pulumi`,
    PULUMI_BACKEND_URL: `file://${root}/.turnout/state?metadata=skip`,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    TURNOUT_OPERATOR: "ann@laptop",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_CONFIG_PASSPHRASE: devPassphrase,
  });
  assert.ok(existsSync(join(root, ".turnout", "state")));
});

test("what the user has set is kept, and only dev falls back on the public passphrase", async (t) => {
  const root = await setUpProject(t, "official");
  const backend = engineEnvironment(root, "dev", { PULUMI_BACKEND_URL: "s3://states" }).env;
  assert.equal(backend.PULUMI_BACKEND_URL, "s3://states");
  assert.ok(!("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" in backend));
  const passphrase = (stack: string | undefined, inherited: NodeJS.ProcessEnv) =>
    engineEnvironment(root, stack, inherited).env.PULUMI_CONFIG_PASSPHRASE;
  assert.equal(passphrase("prod", {}), undefined);
  assert.equal(passphrase("dev", { PULUMI_CONFIG_PASSPHRASE: "own" }), undefined);
  assert.equal(passphrase("dev", { PULUMI_CONFIG_PASSPHRASE: "" }), undefined);
  assert.equal(passphrase("dev", { PULUMI_CONFIG_PASSPHRASE_FILE: "/secret" }), undefined);
});

test("without a set-up the engine is refused with what to do", async (t) => {
  const root = await folder(t);
  assert.throws(() => engineEnvironment(root), { message: "The engine is not set up. Run `npm run setup`." });
});

test("the stack a command names is found wherever it names it", () => {
  assert.equal(namedStack(["up", "--stack", "prod", "--yes"]), "prod");
  assert.equal(namedStack(["up", "-s", "prod"]), "prod");
  assert.equal(namedStack(["--stack=prod", "up"]), "prod");
  assert.equal(namedStack(["stack", "init", "prod"]), "prod");
  assert.equal(namedStack(["stack", "--non-interactive", "select", "prod"]), "prod");
  assert.equal(namedStack(["stack", "output", "url"]), undefined);
  assert.equal(namedStack(["up", "--yes"]), undefined);
});

function after(argv: readonly string[], option: string): string | undefined {
  const index = argv.indexOf(option);
  return index === -1 ? undefined : argv[index + 1];
}
