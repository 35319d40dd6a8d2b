import { GuardError } from "../core/errors.ts";
import { type JobPlacement, jobPaths } from "../core/jobs/argv.ts";
import type { JobInputs, OrderInput, OrderResult } from "../core/jobs/inputs.ts";
import type { JournalRecord } from "../core/journal/records.ts";
import { names } from "../core/names.ts";
import { runJob } from "../launcher/launch.ts";
import type { Site } from "./target.ts";

/** The journal's records, oldest first. */
export async function readJournal(site: Site): Promise<JournalRecord[]> {
  const image = await deployedImage(site);
  if (!image) return [];
  const { records } = JSON.parse(await runReader(site, "log", { prefix: site.prefix }, image));
  return records as JournalRecord[];
}

/** The ops image that the stack's agent runs; undefined where nothing is deployed. */
export function deployedImage(site: Site): Promise<string | undefined> {
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

export function runReader<V extends "observe" | "log" | "order">(
  site: Site,
  verb: V,
  input: JobInputs[V],
  image: string,
) {
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
