import { parseLog, parseOrdered } from "../core/deploy/answer.ts";
import { GuardError } from "../core/errors.ts";
import { type JobPlacement, jobPaths } from "../core/jobs/argv.ts";
import type { JobInputs, OrderInput, OrderResult } from "../core/jobs/inputs.ts";
import { type ChainReport, verifyChain } from "../core/journal/chain.ts";
import { type JournalContents, readRecords } from "../core/journal/reader.ts";
import { names } from "../core/names.ts";
import { runJob } from "../launcher/run.ts";
import type { Target } from "./target.ts";

/** The journal and the check of its chain; null where the deployed ops image cannot make that. */
export interface CheckedJournal extends JournalContents {
  chain: ChainReport | null;
}

/**
 * The journal; empty where nothing is deployed.
 * @param knownHead a head of its chain that is recorded elsewhere. Default none
 */
export async function readJournal(target: Target, knownHead: string | null = null): Promise<CheckedJournal> {
  const image = await deployedImage(target);
  if (!image) return { records: [], bad: [], chain: verifyChain(new Uint8Array(), knownHead) };
  const input = { prefix: target.prefix, knownHead };
  const { records, bad, chain } = parseLog(await runReader(target, "log", input, image));
  const read = readRecords(records);
  return { records: read.records, bad: [...bad, ...read.bad], chain };
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
