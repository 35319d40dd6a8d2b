import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { GuardError } from "../core/errors.ts";
import { opsBundle } from "./ops-bundle.ts";

/** The images Turnout itself runs on. */
export type OwnImage = "edge" | "ops" | "postgres";

/** An image that is built from this project. */
export interface ProjectImage {
  readonly name: string;
  readonly tag: string;
  /** `name:tag`. */
  readonly reference: string;
  /** The first twelve hexadecimal digits of the hash over everything it is built from; also its label `turnout.source`. */
  readonly source: string;
  /** The folder with its files. */
  readonly context: string;
  /** Path of the Dockerfile within the context. */
  readonly dockerfile: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Generated files that are added to the context. */
  readonly generated: Readonly<Record<string, Uint8Array>>;
}

/**
 * The reference of one of our own images. The tag is a hash of the sources: a change of a source changes it.
 * @param root the project folder
 */
export async function imageReference(root: string, name: OwnImage): Promise<string> {
  return (await ownImage(root, name)).reference;
}

/**
 * The refusal of a job or an update whose image is not on the server.
 * @param dockerHost DOCKER_HOST of the server; empty for the default engine
 */
export function missingOwnImage(reference: string, dockerHost: string): GuardError {
  return new GuardError(
    `The server does not have Turnout's image ${reference}`,
    dockerHost ? `build it there: DOCKER_HOST=${dockerHost} npm run setup` : "build it: npm run setup",
  );
}

/**
 * The references of all our own images.
 * @param root the project folder
 */
export async function ownImageReferences(root: string): Promise<Record<OwnImage, string>> {
  const [ops, edge, postgres] = await Promise.all([
    imageReference(root, "ops"),
    imageReference(root, "edge"),
    imageReference(root, "postgres"),
  ]);
  return { ops, edge, postgres };
}

/**
 * One of our own images, as it is built.
 * @param root the project folder
 */
export async function ownImage(root: string, name: OwnImage): Promise<ProjectImage> {
  const context = join(root, "images", name);
  const generated: Record<string, Uint8Array> = name === "ops" ? { "ops.mjs": await opsBundle(root) } : {};
  const source = hash({ ...(await filesOf(context)), ...generated });
  return { ...named(`turnout-${name}`, source), source, context, dockerfile: "Dockerfile", buildArgs: {}, generated };
}

export function named(name: string, tag: string) {
  return { name, tag, reference: `${name}:${tag}` };
}

/** The files below a folder by their path. Python's cache is not a source. */
export async function filesOf(directory: string): Promise<Record<string, Uint8Array>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("__pycache__"));
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(directory, path))] as const)),
  );
}

/** Twelve hexadecimal digits over the paths and contents, whatever their order. */
export function hash(files: Record<string, Uint8Array>): string {
  const sum = createHash("sha256");
  for (const path of Object.keys(files).sort()) {
    const content = files[path] ?? new Uint8Array();
    sum.update(`${path}\0${content.length}\0`).update(content);
  }
  return sum.digest("hex").slice(0, 12);
}
