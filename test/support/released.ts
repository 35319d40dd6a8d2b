import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import type { ProjectImage } from "../../images/own-images.ts";

const root = resolve(import.meta.dirname, "../..");

/**
 * The commit of the last released version: its stacks must be upgraded without a loss. A release moves this to its own
 * commit, and keeps the earlier ones as long as they are supported.
 */
export const lastReleased = {
  version: "0.2.0",
  commit: "a54ed7c",
  /** Images whose change restarts the task that holds the ports or the data. */
  images: { edge: "turnout-edge:3e354c581fe5", postgres: "turnout-postgres:0e5fbb8f2591" },
} as const;

/** The project as a released version had it, with that version's own images in Docker. */
export interface ReleasedProject {
  readonly root: string;
  remove(): Promise<void>;
}

/**
 * Unpacks a released version from the history. It runs on the npm packages of today, which have what it needs.
 * @throws Error when the commit is not in this clone's history
 */
export async function releasedProject(commit: string = lastReleased.commit): Promise<ReleasedProject> {
  const directory = await mkdtemp(join(tmpdir(), "turnout-released-"));
  const archived = await execa("git", ["archive", "--format=tar", `--output=${directory}/all.tar`, commit], {
    ...{ cwd: root, reject: false },
  });
  if (archived.exitCode !== 0)
    throw new Error(`commit ${commit} is not in this clone: fetch the whole history (${archived.stderr})`);
  const project = join(directory, "project");
  await mkdir(project);
  await execa("tar", ["--extract", "--file", join(directory, "all.tar"), "--directory", project]);
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
  for (const image of await ownImages(project)) await build(image);
  return { root: project, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Its own images alone: those of the example system are tagged by version, and other tests run them meanwhile. */
async function ownImages(project: string): Promise<ProjectImage[]> {
  const { projectImages } = (await import(join(project, "setup/images.ts"))) as {
    projectImages: (root: string, local: boolean) => Promise<ProjectImage[]>;
  };
  return projectImages(project, false);
}

async function build({ reference, source, context, dockerfile, generated }: ProjectImage): Promise<void> {
  const { exitCode } = await execa("docker", ["image", "inspect", reference], { reject: false });
  if (exitCode === 0) return;
  const directory = await mkdtemp(join(tmpdir(), "turnout-released-image-"));
  try {
    await cp(context, directory, { recursive: true });
    for (const [path, content] of Object.entries(generated)) await writeFile(join(directory, path), content);
    const argv = ["build", "--quiet", "--tag", reference, "--label", `turnout.source=${source}`];
    await execa("docker", [...argv, "--file", join(directory, dockerfile), directory], {
      env: { DOCKER_BUILDKIT: "0" },
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
