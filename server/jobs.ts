import { parseLog, parseOrdered } from "../core/deploy/answer.ts";
import { GuardError } from "../core/errors.ts";
import { type JobPlacement, jobPaths } from "../core/jobs/argv.ts";
import type { JobInputs, OrderInput, OrderResult } from "../core/jobs/inputs.ts";
import type { JournalRecord } from "../core/journal/records.ts";
import { names } from "../core/names.ts";
import { runJob } from "../launcher/run.ts";
import type { Target } from "./target.ts";

/** The journal's records, oldest first; empty where nothing is deployed. */
export async function readJournal(target: Target): Promise<JournalRecord[]> {
  const image = await deployedImage(target);
  if (!image) return [];
  return parseLog(await runReader(target, "log", { prefix: target.prefix }, image)) as JournalRecord[];
}

/** The ops image that the stack's agent runs; undefined where nothing is deployed. */
export function deployedImage(target: Target): Promise<string | undefined> {
  const format = "{{.Spec.TaskTemplate.ContainerSpec.Image}}";
  return target.docker.query("service", "inspect", "--format", format, names(target.prefix).agent);
}

/**
 * Sends a person's order to the shift or soak in progress.
 * @throws GuardError when nothing is deployed
 * @throws JobFailed with the job's message and exit code when the order does not apply now
 */
export async function sendOrder(target: Target, order: OrderInput["order"]): Promise<OrderResult> {
  const image = await deployedImage(target);
  if (!image) throw new GuardError(`Nothing is deployed on stack ${target.stack}, so there is nothing to ${order}`);
  return parseOrdered(await runReader(target, "order", { prefix: target.prefix, order }, image));
}

/** Runs a job that changes nothing, in the ops image that is deployed. @returns its answer as JSON */
export function runReader<V extends "observe" | "log" | "order">(
  target: Target,
  verb: V,
  input: JobInputs[V],
  image: string,
) {
  const named = names(target.prefix);
  const job: JobPlacement = {
    image,
    verb,
    name: named.job(verb),
    prefix: target.prefix,
    network: named.adminNetwork,
    volumes: { [jobPaths.journal]: named.journalVolume, [jobPaths.backups]: named.backupsVolume },
    docker: true,
    dockerHost: target.dockerHost,
    key: verb,
  };
  return runJob(job, JSON.stringify(input), { quiet: true, fresh: true });
}
