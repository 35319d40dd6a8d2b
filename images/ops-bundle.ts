import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BuildOptions, Plugin } from "esbuild";
import { writeDurably } from "../shared/files.ts";

/** The sources of a bundle: SHA-256 by path within the project, and that of the bundle itself. */
interface Made {
  recipe: string;
  inputs: Record<string, string>;
  bundle: string;
}

/** Packages of the Docker client for ssh and for builds: a job uses a socket and builds nothing. */
const absent = ["ssh2", "@grpc/grpc-js", "@grpc/proto-loader"];

const withoutAbsent: Plugin = {
  name: `without ${absent.join(", ")}`,
  setup(build) {
    build.onResolve({ filter: /^[^.]/ }, ({ path }) =>
      absent.includes(path) ? { path, namespace: "absent" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "absent" }, () => ({ contents: "module.exports = {};", loader: "js" }));
  },
};

const recipe: BuildOptions = {
  entryPoints: ["images/ops/main.ts"],
  outfile: "ops.mjs",
  bundle: true,
  write: false,
  metafile: true,
  platform: "node",
  target: "node20",
  format: "esm",
  legalComments: "none",
  plugins: [withoutAbsent],
  logLevel: "error",
  // Native parts of packages are optional; without them the packages fall back to JavaScript.
  external: ["*.node"],
  // Packages that are still CommonJS expect these two.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); const __dirname = "/app";',
  },
};

/** Files that influence every bundle, if they exist; the hidden one lists the installed packages. */
const always = ["images/ops-bundle.ts", "package.json", "tsconfig.json", "node_modules/.package-lock.json"];

/**
 * The jobs and the agent as one file for the Node of the ops image. Each update and each job asks for it, to name the
 * image, so the last one is kept in the project folder until one of its sources changes.
 * @param root the project folder
 */
export async function opsBundle(root: string): Promise<Uint8Array> {
  return (await kept(root)) ?? (await make(root));
}

async function kept(root: string): Promise<Uint8Array | undefined> {
  try {
    const [text, bundle] = await Promise.all([readFile(recordOf(root), "utf8"), readFile(fileOf(root))]);
    const made = JSON.parse(text) as Made;
    if (made.recipe !== JSON.stringify(recipe) || made.bundle !== hash(bundle)) return undefined;
    const now = await hashes(root, Object.keys(made.inputs));
    return Object.entries(made.inputs).every(([path, content]) => now[path] === content) ? bundle : undefined;
  } catch {
    return undefined;
  }
}

async function make(root: string): Promise<Uint8Array> {
  const began = Date.now();
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({ ...recipe, absWorkingDir: root });
  const [file] = outputFiles ?? [];
  if (!file) throw new Error("esbuild made no file of images/ops/main.ts");
  const own = Object.keys(metafile?.inputs ?? {}).filter((path) => !/node_modules\/|^absent:/.test(path));
  // A bundle that cannot be kept, or whose sources were edited meanwhile, is built again next time.
  await keep(root, file.contents, [...own, ...always], began).catch(() => undefined);
  return file.contents;
}

async function keep(root: string, bundle: Uint8Array, paths: string[], began: number): Promise<void> {
  const inputs = await hashes(root, paths);
  const edited = await Promise.all(
    paths.map((path) =>
      stat(join(root, path)).then(
        ({ mtimeMs }) => mtimeMs >= began - 10,
        () => false,
      ),
    ),
  );
  if (edited.includes(true)) return;
  await mkdir(join(root, ".turnout"), { recursive: true });
  const made: Made = { recipe: JSON.stringify(recipe), inputs, bundle: hash(bundle) };
  await writeDurably(fileOf(root), bundle, temporaryOf(fileOf(root)));
  await writeDurably(recordOf(root), JSON.stringify(made), temporaryOf(recordOf(root)));
}

/** The hashes of the files; empty for a file that does not exist. */
async function hashes(root: string, paths: string[]): Promise<Record<string, string>> {
  const of = (path: string) => readFile(join(root, path)).then(hash, () => "");
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await of(path)] as const)));
}

/** Several commands may make the bundle at once; each writes to a file of its own before the rename. */
function temporaryOf(file: string): string {
  return `${file}.${randomBytes(4).toString("hex")}`;
}

function fileOf(root: string): string {
  return join(root, ".turnout", "ops.mjs");
}

function recordOf(root: string): string {
  return join(root, ".turnout", "ops.json");
}

function hash(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
