import { resolve } from "node:path";
import { jobWithOverrides } from "../core/deploy/overrides.ts";
import { describeError, exitCode } from "../core/errors.ts";
import type { JobPlacement, JobRequest } from "../core/jobs/argv.ts";
import { joinInput } from "../core/jobs/secrets.ts";
import { imageReference } from "../images/own-images.ts";
import { JobFailed, killedAbove, runJob } from "./run.ts";

/**
 * The program that a step's command starts. `TURNOUT_JOB` describes the container, `TURNOUT_INPUT` is the plain part of
 * its input and stdin the secret part, and the first argument is the verb.
 */

async function main(verb: string | undefined): Promise<string> {
  // An input changed that is no reason to do the work again: the earlier result still holds.
  if (verb === "keep") return process.env.PULUMI_COMMAND_STDOUT ?? "";
  // It runs when its resource is deleted.
  if (verb === "later") return "{}";
  const job = await placementOf(process.env);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const plain = JSON.parse(process.env.TURNOUT_INPUT || "{}") as Record<string, unknown>;
  const secret = JSON.parse(Buffer.concat(chunks).toString("utf8") || "{}") as Record<string, unknown>;
  return runJob(job, JSON.stringify(jobWithOverrides(joinInput(plain, secret), process.env)));
}

/** The job with its image: the present one, unless the request is from a state of 0.2.0, which names an image. */
async function placementOf(env: NodeJS.ProcessEnv): Promise<JobPlacement> {
  const request = JSON.parse(env.TURNOUT_JOB ?? "{}") as JobRequest & { image?: string };
  return { ...request, image: request.image ?? (await imageReference(resolve(import.meta.dirname, ".."), "ops")) };
}

try {
  process.stdout.write(`${await main(process.argv[2])}\n`);
} catch (error) {
  // A job that was not killed has printed its own error.
  if (!(error instanceof JobFailed) || error.code > killedAbove) process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = error instanceof JobFailed ? error.code : exitCode(error);
}
