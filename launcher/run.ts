import { randomBytes } from "node:crypto";
import { execa } from "execa";
import { command, TurnoutError } from "../core/errors.ts";
import { type JobPlacement, jobArgv } from "../core/jobs/argv.ts";
import { stackOf } from "../core/names.ts";
import { missingOwnImage } from "../images/own-images.ts";

/**
 * The operator's end of a job: starts its container on the server, sends the input by stdin and shows the progress. The
 * container does not depend on this process: it continues without the operator, and a second start of the same work
 * joins it.
 */

/** A job that ended with an exit code other than 0. It has printed the reason on stderr. */
export class JobFailed extends TurnoutError {
  override name = "JobFailed";
  /** The job's own exit code. */
  readonly code: number;

  constructor(message: string, code: number) {
    super(message.replace(/\.$/, ""));
    this.code = code;
  }
}

export interface RunOptions {
  /** Do not show the job's progress. */
  quiet?: boolean;
  /** Never join a container that does the same; for jobs that only read. */
  fresh?: boolean;
}

/**
 * Runs a job to its end.
 * @param stdin its input as JSON
 * @returns the last line of its stdout: its result as JSON
 * @throws JobFailed with the job's own sentence
 * @throws GuardError when the image is not on the server
 */
export async function runJob(job: JobPlacement, stdin: string, options: RunOptions = {}): Promise<string> {
  const env = job.dockerHost ? { DOCKER_HOST: job.dockerHost } : {};
  const running = options.fresh ? undefined : await findRunning(job, env);
  if (running) return join(job, stdin, running, env, options);
  const child = execa("docker", jobArgv(job, randomBytes(3).toString("hex")), {
    env,
    input: stdin,
    reject: false,
    stderr: options.quiet ? "pipe" : ["pipe", "inherit"],
  });
  const done = await child;
  if (done.exitCode === notRun && !(await hasImage(job, env))) throw missingOwnImage(job.image, job.dockerHost);
  return resultOf(job, done);
}

/** The exit code of `docker run` when it could not start a container. */
const notRun = 125;

async function hasImage({ image }: JobPlacement, env: Record<string, string>): Promise<boolean> {
  const argv = ["image", "inspect", "--format", "{{.Id}}", image];
  return (await execa("docker", argv, { env, reject: false, stdin: "ignore" })).exitCode === 0;
}

/** A running container that does the same work, started by an operator who has disconnected. */
async function findRunning(job: JobPlacement, env: Record<string, string>): Promise<string | undefined> {
  const filters = [`label=turnout.job=${job.name}`, `label=turnout.key=${job.key}`];
  const argv = ["ps", "--quiet", "--no-trunc", ...filters.flatMap((filter) => ["--filter", filter])];
  const listed = await execa("docker", argv, { env, reject: false, stdin: "ignore" });
  if (listed.exitCode !== 0)
    throw new TurnoutError(`The Docker engine is unreachable: ${lastLine(listed.stderr) || notStarted(listed)}`);
  return listed.stdout.split("\n")[0] || undefined;
}

async function join(
  job: JobPlacement,
  stdin: string,
  id: string,
  env: Record<string, string>,
  options: RunOptions,
): Promise<string> {
  if (!options.quiet) process.stderr.write(`${job.name} is already running; joining it\n`);
  const waiting = execa("docker", ["wait", id], { env, reject: false, stdin: "ignore" });
  const logs = await execa("docker", ["logs", "--follow", id], {
    env,
    reject: false,
    stdin: "ignore",
    stderr: options.quiet ? "pipe" : ["pipe", "inherit"],
  });
  const { stdout } = await waiting;
  // It ended between the listing and the wait, so its result is unknown; every job may be run again.
  if (!stdout) return runJob(job, stdin, { ...options, fresh: true });
  return resultOf(job, { exitCode: Number(stdout), stdout: logs.stdout, stderr: logs.stderr });
}

function resultOf(job: JobPlacement, done: { exitCode?: number; stdout: string; stderr: string }): string {
  const result = lastLine(done.stdout);
  if (done.exitCode === 0 && result.startsWith("{")) return result;
  const code = done.exitCode || 1;
  throw new JobFailed(
    code > killedAbove ? killed(job, code) : lastLine(done.stderr) || `${job.name} ended without a result`,
    code,
  );
}

/** Exit codes above this are 128 and the signal that ended a container. */
export const killedAbove = 128;

/** The error of a job that could not print one itself. */
function killed({ name, prefix }: JobPlacement, code: number): string {
  return (
    `${name} was killed (exit status ${code}) before it finished. Only the edge decides which color is active ` +
    `(${command("ops -- status", stackOf(prefix))}). Run the same command again: it continues from there`
  );
}

/** Why the `docker` command did not run. */
function notStarted({
  code,
  originalMessage,
}: {
  code?: string | undefined;
  originalMessage?: string | undefined;
}): string {
  return code === "ENOENT" ? "there is no `docker` command on the PATH" : (originalMessage ?? "it printed nothing");
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
