import { protocol } from "../core/deploy/answer.ts";
import { describeError, exitCode, StepError, TurnoutError } from "../core/errors.ts";
import { jobPaths } from "../core/jobs/argv.ts";
import type { JobInputs, JobVerb } from "../core/jobs/inputs.ts";
import { stackOf } from "../core/names.ts";
import { backup } from "./commands/backup.ts";
import { edgeConfig } from "./commands/edge-config.ts";
import { handover } from "./commands/handover.ts";
import { log } from "./commands/log.ts";
import { migration } from "./commands/migration.ts";
import { observe } from "./commands/observe.ts";
import { order } from "./commands/order.ts";
import { preflight } from "./commands/preflight.ts";
import { shift } from "./commands/shift.ts";
import { smoke } from "./commands/smoke.ts";
import { soak } from "./commands/soak.ts";
import { sweep } from "./commands/sweep.ts";
import { workers } from "./commands/workers.ts";
import type { JobContext } from "./context.ts";
import { databaseMonitor } from "./database/health.ts";
import { createEdgeClient } from "./edge/client.ts";
import { Journal } from "./journal.ts";
import { type RecordedVerb, type ResultFields, recorded } from "./recorded.ts";
import { DockerEngine } from "./swarm/docker.ts";
import { realTime } from "./until.ts";

/**
 * Seconds a job waits for the stack's lock: most steps are over by then. A shift in its watched steps is not; the job then
 * fails with the name of that step. docs/operations.md names this figure.
 */
const lockPatience = 30;

/** How a verb runs. */
interface Verb<V extends JobVerb> {
  /** It changes the system, so it takes the lock that lets one job at a time do so. */
  isExclusive: boolean;
  /** @returns the job's result */
  run: (input: JobInputs[V], context: JobContext) => Promise<object>;
}

type Work<V extends JobVerb, R> = (input: JobInputs[V], context: JobContext) => Promise<R>;

/** A verb that changes nothing, or keeps records of its own. */
function reader<V extends JobVerb>(verb: V, work: Work<V, object>): Verb<V> {
  const run: Verb<V>["run"] = async (input, context) => {
    return { protocol, step: verb, at: context.now().toISOString(), ...(await work(input, context)) };
  };
  return { isExclusive: false, run };
}

/** A verb that the journal records, beside others. */
function parallel<V extends RecordedVerb>(verb: V, work: Work<V, ResultFields<V>>): Verb<V> {
  const run: Verb<V>["run"] = (input, context) => recorded(verb, input, context, () => work(input, context));
  return { isExclusive: false, run };
}

/** A verb that the journal records, and that runs alone. */
function exclusive<V extends RecordedVerb>(verb: V, work: Work<V, ResultFields<V>>): Verb<V> {
  return { ...parallel(verb, work), isExclusive: true };
}

const verbs: { [V in JobVerb]: Verb<V> } = {
  preflight: reader("preflight", preflight),
  "edge-config": exclusive("edge-config", edgeConfig),
  backup: exclusive("backup", backup),
  migration: exclusive("migration", migration),
  workers: exclusive("workers", workers),
  smoke: exclusive("smoke", smoke),
  shift: exclusive("shift", shift),
  // It may take as long as the old workers' work, and must not keep the next deploy waiting; that one replaces it.
  handover: parallel("handover", handover),
  // It watches while other jobs may deploy, takes the lock when it reverts, and keeps its own records.
  soak: reader("soak", soak),
  // It must not wait for the jobs it removes.
  sweep: reader("sweep", sweep),
  // It speaks to the job that holds the lock, and appends its own record.
  order: reader("order", order),
  observe: reader("observe", observe),
  log: reader("log", log),
};

async function runVerb<V extends JobVerb>(verb: V, input: JobInputs[V]): Promise<object> {
  const operator = process.env.TURNOUT_OPERATOR ?? "unknown";
  const context: JobContext = {
    journal: new Journal(jobPaths.journal, { stack: stackOf(input.prefix), operator, now: realTime.now }),
    docker: new DockerEngine(jobPaths.socket),
    edge: ({ agentUrl, token }, deadlineMs = 30_000) => createEdgeClient({ baseUrl: agentUrl, token, deadlineMs }),
    say: (line) => process.stderr.write(`${line}\n`),
    monitor: databaseMonitor,
    interrupted: onceInterrupted,
    ...realTime,
  };
  const { isExclusive, run } = verbs[verb];
  const unlock = isExclusive ? await context.journal.lock(lockPatience, takesLock) : async () => undefined;
  try {
    return await run(input, context);
  } finally {
    await unlock();
  }
}

function takesLock(step: string): boolean {
  return Object.hasOwn(verbs, step) && verbs[step as JobVerb].isExclusive;
}

/** Ends the wait of a job that can end in good order; every other one ends by the signal itself. */
function onceInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** An unattended job: its input is in argv, and only the journal shows how it ended. */
async function runUnattended<V extends JobVerb>(verb: V, input: JobInputs[V]): Promise<void> {
  await runVerb(verb, input);
  await new DockerEngine(jobPaths.socket).removeSelf();
}

/** Every step may be run again; where nothing better is known, that is what to do. */
function sentenceOf(error: unknown): string {
  const sentence = describeError(error);
  return error instanceof StepError && error.todo === undefined ? `${sentence} Fix the cause and retry.` : sentence;
}

async function readInput(): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

async function main(verb: string | undefined, argument: string | undefined): Promise<void> {
  if (verb === undefined || !(verb in verbs))
    throw new TurnoutError(`Unknown job "${verb ?? ""}"`, `use one of ${Object.keys(verbs).join(", ")}`);
  if (argument !== undefined) return runUnattended(verb as JobVerb, JSON.parse(argument));
  const result = await runVerb(verb as JobVerb, (await readInput()) as JobInputs[JobVerb]);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

try {
  await main(process.argv[2], process.argv[3]);
} catch (error) {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exitCode = exitCode(error);
}
