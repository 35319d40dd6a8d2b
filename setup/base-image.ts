import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptInstall, isRootOnDebian } from "./docker.ts";
import { ask, onPath, work } from "./run.ts";
import { SetupError, type Step } from "./step.ts";

/** The image that all own images are built from. */
const baseImage = "debian:trixie-slim";

/**
 * The base image: pulled, else created from Debian packages.
 * @param root the project folder
 */
export function baseImageStep(root: string): Step {
  const log = join(root, ".turnout", "base-image.log");
  return {
    name: "base image",
    remedy: `Run \`docker pull ${baseImage}\` where an image registry is reachable`,
    async check() {
      const id = await ask("docker", "image", "inspect", "--format", "{{.Id}}", baseImage);
      return id === undefined ? `${baseImage} is missing` : undefined;
    },
    async run(say) {
      try {
        await work({ what: "pulling it", argv: ["timeout", "300", "docker", "pull", baseImage], log }, say);
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        if (!isRootOnDebian())
          throw new SetupError(`${baseImage} cannot be pulled, and only root on Debian can create it`, this.remedy);
        say("no image registry is reachable; creating it from Debian packages");
        await makeFromPackages(log, say);
      }
    },
  };
}

async function makeFromPackages(log: string, say: (line: string) => void): Promise<void> {
  if (!(await onPath("debootstrap"))) await aptInstall(["debootstrap"], say);
  const directory = await mkdtemp(join(tmpdir(), "turnout-base-"));
  const tree = join(directory, "tree");
  // What the official slim images leave out.
  const without = [
    "usr/share/doc/*",
    "usr/share/man/*",
    "usr/share/locale/*",
    "var/cache/apt/*.bin",
    "var/cache/apt/archives/*.deb",
    "var/lib/apt/lists/*",
  ];
  try {
    await work({ what: "unpacking Debian 13", argv: ["debootstrap", "--variant=minbase", "trixie", tree], log }, say);
    const exclude = without.map((path) => `--exclude='./${path}'`).join(" ");
    await work(
      {
        what: "importing it",
        argv: [
          "sh",
          "-c",
          `tar -C "$1" ${exclude} -c . | docker import --change 'CMD ["bash"]' - "$2"`,
          "sh",
          tree,
          baseImage,
        ],
        log,
      },
      say,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
