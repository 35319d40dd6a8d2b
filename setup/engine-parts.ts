import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** The version of the CLI that is downloaded or built. */
export const cliVersion = "3.256.0";

/** The plugins the program needs; the versions are those of their npm packages. */
export const plugins = [
  { name: "docker", version: "5.2.0" },
  { name: "command", version: "1.2.1" },
] as const;

export type Plugin = (typeof plugins)[number];

/** A part of the engine that is built from Go modules. The name is that of its folder in `setup/engine`. */
export interface Part {
  readonly name: "cli" | "language" | "docker" | "command";
  /** The program it yields. */
  readonly program: string;
  /** The Go package to build. */
  readonly target: string;
  /** Values set in the program while it is linked. */
  readonly defines?: readonly string[];
  /** A Go package to run first, and where in the sources its `schema.json` belongs. */
  readonly schema?: { readonly target: string; readonly directory: string };
}

const version = `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${cliVersion}`;

/** The parts by name. */
export const parts: Readonly<Record<Part["name"], Part>> = {
  cli: {
    name: "cli",
    program: "pulumi",
    target: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    defines: [version],
  },
  language: {
    name: "language",
    program: "pulumi-language-nodejs",
    target: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    defines: [version],
  },
  docker: {
    name: "docker",
    program: "pulumi-resource-docker",
    target: "./cmd/pulumi-resource-docker",
    schema: { target: "./cmd/schema", directory: "cmd/pulumi-resource-docker" },
  },
  command: { name: "command", program: "pulumi-resource-command", target: "." },
};

/** The folder with the sources of a part. @param root the project folder */
export function partSources(root: string, part: Part): string {
  return join(root, "setup", "engine", part.name);
}

/** The user's cache of built and downloaded engines. @param env default: that of this process */
export function cacheHome(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "turnout", "engine");
}

/**
 * Sixteen hexadecimal digits over all that a part is made from: its lock files and sources, without its tests, and how
 * it is built.
 * @param sources the folder of the part
 */
export async function cacheKey(part: Part, sources: string): Promise<string> {
  const entries = await readdir(sources, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith("_test.go"))
    .map((entry) => join(entry.parentPath, entry.name).slice(sources.length + 1))
    .sort();
  const sum = createHash("sha256").update(JSON.stringify([part, process.platform, process.arch]));
  for (const path of paths) {
    const content = await readFile(join(sources, path));
    sum.update(`${path}\0${content.length}\0`).update(content);
  }
  return sum.digest("hex").slice(0, 16);
}

/** The folder in the cache that holds a built part, whether it exists yet or not. @param root the project folder */
export async function partFolder(root: string, part: Part): Promise<string> {
  return join(cacheHome(), `${part.name}-${await cacheKey(part, partSources(root, part))}`);
}
