import { z } from "zod";
import { GuardError } from "../core/errors.ts";
import { type JobPlacement, jobPaths } from "../core/jobs/argv.ts";
import type { JobInputs, OrderInput, OrderResult } from "../core/jobs/inputs.ts";
import { type ChainReport, chainReport, verifyChain } from "../core/journal/chain.ts";
import { type JournalContents, readRecords } from "../core/journal/reader.ts";
import { names } from "../core/names.ts";
import { runJob } from "../launcher/launch.ts";
import type { Target } from "./target.ts";

/** What the job answers. An older ops image reports neither invalid lines nor its chain, and has records of its form. */
const logAnswer = z.object({
  records: z.array(z.unknown()),
  bad: z.array(z.object({ line: z.number(), why: z.string() })).default([]),
  chain: chainReport.nullable().default(null),
});

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
  const { records, bad, chain } = logAnswer.parse(JSON.parse(await runReader(target, "log", input, image)));
  const read = readRecords(records);
  return { records: read.records, bad: [...bad, ...read.bad], chain };
}

/** The ops image that the stack's agent runs; undefined where nothing is deployed. */
export function deployedImage(target: Target): Promise<string | undefined> {
  const format = "{{.Spec.TaskTemplate.ContainerSpec.Image}}";
  return target.docker.query("service", "inspect", "--format", format, names(target.prefix).agent);
}

/**
 * Hands a person's order to what is under way.
 * @throws GuardError when nothing is deployed
 * @throws JobFailed with the job's sentence and exit code when the order means nothing now
 */
export async function sendOrder(target: Target, order: OrderInput["order"]): Promise<OrderResult> {
  const image = await deployedImage(target);
  if (!image) throw new GuardError(`Nothing is deployed on the stack ${target.stack}, so there is nothing to ${order}`);
  return JSON.parse(await runReader(target, "order", { prefix: target.prefix, order }, image)) as OrderResult;
}

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
