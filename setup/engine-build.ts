import { existsSync } from "node:fs";
import { chmod, copyFile, cp, link, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Part, partFolder, partSources, parts } from "./engine-parts.ts";
import { onPath, work } from "./run.ts";
import { SetupError } from "./step.ts";

/** Runs one command of a build; the same as `work`, replaced in tests. */
export type Overrides = typeof work;

/** Prefix of the folder of a build until it is complete. */
const unfinished = ".building-";

/**
 * The folder with a part's program, which is built if the cache does not have it.
 * @param root the project folder
 * @throws SetupError
 */
export async function builtPart(root: string, part: Part, say: (line: string) => void): Promise<string> {
  const folder = await partFolder(root, part);
  if (existsSync(join(folder, part.program))) return folder;
  if (!(await onPath("go")))
    throw new SetupError(
      "The engine can neither be downloaded nor built: Go is not installed",
      "install Go 1.26 or newer, or Pulumi itself (version 3.256 or newer of major version 3)",
    );
  await build(part, partSources(root, part), folder, say);
  return folder;
}

/**
 * Builds a part beside its place and moves it there when it is complete: an interrupted build is never taken for a
 * finished one.
 * @param sources the folder with its Go module
 * @param folder its place in the cache
 */
export async function build(
  part: Part,
  sources: string,
  folder: string,
  say: (line: string) => void,
  run: Overrides = work,
) {
  const cache = dirname(folder);
  await mkdir(cache, { recursive: true });
  await removeUnfinished(cache);
  const temporary = await mkdtemp(join(cache, unfinished));
  const module = join(temporary, "module");
  const output = join(temporary, "output");
  const compile = (what: string, target: string, to: string) =>
    run({ what, argv: goBuild(part, target, to), cwd: module, env: goEnvironment(), log: `${folder}.log` }, say);
  try {
    await cp(sources, module, { recursive: true });
    if (part.schema) {
      const generator = join(temporary, "schema");
      const out = join(module, part.schema.directory);
      await compile(`building the schema generator of ${part.name}`, part.schema.target, generator);
      const argv = [generator, "schema", "--skip-docs", "--skip-examples", "--out", out] as const;
      const env = { PULUMI_HOME: join(temporary, "home") };
      await run({ what: "generating the schema", argv, cwd: module, env, log: `${folder}.log` }, say);
    }
    await compile(`building ${part.program}`, part.target, join(output, part.program));
    await rename(output, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * A folder with the CLI and the language host side by side, as the CLI expects them: with a host elsewhere on PATH, it
 * prints a warning at every command.
 * @param root the project folder
 */
export async function builtEngineFolder(root: string): Promise<string> {
  const [cli, language] = await Promise.all([partFolder(root, parts.cli), partFolder(root, parts.language)]);
  return join(dirname(cli), `engine-${keyOf(cli)}-${keyOf(language)}`);
}

/** Builds what is missing of the CLI and the language host, and puts them side by side. @throws SetupError */
export async function buildEngine(root: string, say: (line: string) => void): Promise<void> {
  const folder = await builtEngineFolder(root);
  const temporary = `${folder}.new`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  for (const part of [parts.cli, parts.language]) {
    const built = join(await builtPart(root, part, say), part.program);
    await mkdir(temporary, { recursive: true });
    await link(built, join(temporary, part.program)).catch(() => copyFile(built, join(temporary, part.program)));
    await chmod(join(temporary, part.program), 0o755);
  }
  await rename(temporary, folder);
}

/** The command that builds one Go package. */
export function goBuild(part: Part, target: string, output: string): [string, ...string[]] {
  // Without symbol tables the programs are a third smaller.
  const linker = ["-s", "-w", ...(part.defines ?? []).flatMap((define) => ["-X", define])].join(" ");
  return ["go", "build", "-v", "-trimpath", "-ldflags", linker, "-o", output, target];
}

function goEnvironment(): Record<string, string> {
  return {
    GOFLAGS: "-buildvcs=false -mod=readonly",
    // The public checksum database does not have this module; the committed go.sum pins it.
    GONOSUMDB: "github.com/kreuzwerker/terraform-provider-docker",
    GOWORK: "off",
    CGO_ENABLED: "0",
  };
}

/** Removes what a killed build left. The caller holds the set-up's lock, so no other build is running. */
async function removeUnfinished(cache: string): Promise<void> {
  for (const entry of await readdir(cache))
    if (entry.startsWith(unfinished)) await rm(join(cache, entry), { recursive: true, force: true });
}

function keyOf(folder: string): string {
  return basename(folder).split("-").at(-1) ?? "";
}
