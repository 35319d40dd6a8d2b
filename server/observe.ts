import type { PerColor } from "../core/color.ts";
import { nothingObserved, type Observed } from "../core/deploy/observed.ts";
import { GuardError } from "../core/errors.ts";
import { type JobPlacement, jobPaths } from "../core/jobs/argv.ts";
import type { JobInputs, OrderInput, OrderResult } from "../core/jobs/inputs.ts";
import type { JournalRecord } from "../core/journal/records.ts";
import { names } from "../core/names.ts";
import { imagesOf, isPullable, missingImage } from "../core/release/images.ts";
import { releaseOf } from "../core/release/release.ts";
import { configuredColors, type Settings } from "../core/settings/settings.ts";
import type { System } from "../core/system/schema.ts";
import { runJob } from "../launcher/launch.ts";
import type { DockerClient } from "./docker.ts";

/** Where a stack lives. */
export interface Site {
  prefix: string;
  stack: string;
  dockerHost: string;
  docker: DockerClient;
}

/**
 * Sees that every image is there, or can be pulled.
 * @returns the release that the images amount to, for each color whose images are all there
 * @throws GuardError naming the setting that asks for the missing one
 */
export async function checkImages(site: Site, settings: Settings, system: System): Promise<Partial<PerColor<string>>> {
  const found = await Promise.all(
    imagesOf(settings, system).map(async (one) => {
      const id = await site.docker.query("image", "inspect", "--format", "{{.Id}}", one.image);
      const there = id || (isPullable(one.image) && (await site.docker.query("manifest", "inspect", one.image)));
      return { ...one, id, missing: !there };
    }),
  );
  const missing = found.find((one) => one.missing);
  if (missing) throw missingImage(missing.image, missing.key, site.stack);
  const present: Partial<PerColor<string>> = {};
  for (const color of configuredColors(settings)) {
    const ids = found.filter((one) => one.color === color).flatMap((one) => one.id ?? []);
    if (ids.length === Object.keys(system.services).length)
      present[color] = releaseOf(settings.versions[color] ?? "", ids);
  }
  return present;
}

/** Sees that Turnout's own images are on the server. @throws GuardError */
export async function checkOwnImages(site: Site, images: string[]): Promise<void> {
  for (const image of images)
    if (!(await site.docker.query("image", "inspect", "--format", "{{.Id}}", image)))
      throw new GuardError(
        `The server does not have Turnout's image ${image}`,
        site.dockerHost ? `build it there: DOCKER_HOST=${site.dockerHost} npm run setup` : "build it: npm run setup",
      );
}

/** What is on the server now. Reads only; where nothing is deployed, it is known without a job. */
export async function observe(site: Site, input: JobInputs["observe"]): Promise<Observed> {
  const image = await deployedImage(site);
  if (!image) return nothingObserved;
  return JSON.parse(await runReader(site, "observe", input, image)) as Observed;
}

/** The journal's records, oldest first. */
export async function readJournal(site: Site): Promise<JournalRecord[]> {
  const image = await deployedImage(site);
  if (!image) return [];
  const { records } = JSON.parse(await runReader(site, "log", { prefix: site.prefix }, image));
  return records as JournalRecord[];
}

/** The ops image that the stack's agent runs; undefined where nothing is deployed. */
function deployedImage(site: Site): Promise<string | undefined> {
  const format = "{{.Spec.TaskTemplate.ContainerSpec.Image}}";
  return site.docker.query("service", "inspect", "--format", format, names(site.prefix).agent);
}

/**
 * Hands a person's order to what is under way.
 * @throws GuardError when nothing is deployed
 * @throws JobFailed with the job's sentence and exit code when the order means nothing now
 */
export async function sendOrder(site: Site, order: OrderInput["order"]): Promise<OrderResult> {
  const image = await deployedImage(site);
  if (!image) throw new GuardError(`Nothing is deployed on the stack ${site.stack}, so there is nothing to ${order}`);
  return JSON.parse(await runReader(site, "order", { prefix: site.prefix, order }, image)) as OrderResult;
}

function runReader<V extends "observe" | "log" | "order">(site: Site, verb: V, input: JobInputs[V], image: string) {
  const named = names(site.prefix);
  const job: JobPlacement = {
    image,
    verb,
    name: named.job(verb),
    prefix: site.prefix,
    network: named.adminNetwork,
    volumes: { [jobPaths.journal]: named.journalVolume, [jobPaths.backups]: named.backupsVolume },
    docker: true,
    dockerHost: site.dockerHost,
    key: verb,
  };
  return runJob(job, JSON.stringify(input), { quiet: true, fresh: true });
}
