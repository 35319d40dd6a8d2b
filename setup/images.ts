import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesOf, hash, named, ownImage, type ProjectImage } from "../images/own-images.ts";
import { isLocalEngine } from "./docker.ts";
import { ask, work } from "./run.ts";
import type { Step } from "./step.ts";

const sourceLabel = "turnout.source";
const exampleServices = ["api", "web", "jobs"] as const;
const exampleVersions = ["1.0.0", "1.1.0", "1.2.0-broken", "1.3.0-slow", "1.4.0-nostart", "1.5.0-incompatible"];

/**
 * All images of the project: our own, and on an engine of this machine every version of the example system.
 * @param root the project folder
 * @param local whether the engine is on this machine. Default: what DOCKER_HOST says
 */
export async function projectImages(root: string, local = isLocalEngine()): Promise<ProjectImage[]> {
  const own = await Promise.all((["edge", "ops", "postgres"] as const).map((name) => ownImage(root, name)));
  return local ? [...own, ...(await exampleImages(root))] : own;
}

async function exampleImages(root: string): Promise<ProjectImage[]> {
  const context = join(root, "examples", "cleaning");
  const source = hash(await filesOf(context));
  return exampleServices.flatMap((service) =>
    exampleVersions.map((version) => ({
      ...named(`turnout-example-cleaning-${service}`, version),
      source,
      context,
      dockerfile: `${service}/Dockerfile`,
      buildArgs: { VERSION: version },
      generated: {},
    })),
  );
}

/** The images that do not exist, or were built from other sources. */
async function missingImages(images: readonly ProjectImage[]): Promise<ProjectImage[]> {
  const format = `{{index .Config.Labels "${sourceLabel}"}} {{join .RepoTags " "}}`;
  const there = new Map<string, string>();
  const references = images.map(({ reference }) => reference);
  for (const line of await inspect(format, references)) {
    const [source = "", ...tags] = line.split(" ");
    for (const tag of tags) there.set(tag, source);
  }
  return images.filter(({ reference, source }) => there.get(reference) !== source);
}

/**
 * Builds the images that are missing, one after the other.
 * @throws SetupError with the last lines of the build's output
 */
async function ensureImages(images: readonly ProjectImage[], logDir: string, say: (line: string) => void) {
  const missing = await missingImages(images);
  for (const [index, image] of missing.entries()) {
    say(`building ${image.reference} (${index + 1} of ${missing.length})`);
    await buildImage(image, logDir, say);
  }
}

/** @param root the project folder */
export function projectImagesStep(root: string): Step {
  return {
    name: "project images",
    remedy: "Run `npm run setup`",
    async check() {
      const all = await projectImages(root);
      const missing = await missingImages(all);
      return missing.length === 0 ? undefined : `${missing.length} of ${all.length} are missing or out of date`;
    },
    run: async (say) => ensureImages(await projectImages(root), join(root, ".turnout", "images"), say),
  };
}

async function buildImage(image: ProjectImage, logDir: string, say: (line: string) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "turnout-image-"));
  try {
    await cp(image.context, directory, { recursive: true });
    for (const [path, content] of Object.entries(image.generated)) await writeFile(join(directory, path), content);
    const args = Object.entries(image.buildArgs).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
    const label = ["--label", `${sourceLabel}=${image.source}`];
    await work(
      {
        what: `building ${image.reference}`,
        argv: [
          "docker",
          "build",
          "--tag",
          image.reference,
          ...label,
          ...args,
          "--file",
          join(directory, image.dockerfile),
          directory,
        ],
        env: { DOCKER_BUILDKIT: "0" },
        log: join(logDir, `${image.name}-${image.tag}.log`),
      },
      say,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The lines that `docker image inspect` prints; missing images print none. */
async function inspect(format: string, references: string[]): Promise<string[]> {
  const script = 'docker image inspect --format "$@" 2>/dev/null || true';
  const printed = await ask("sh", "-c", script, "sh", format, ...references);
  return (printed ?? "").split("\n").filter((line) => line !== "");
}
