import { protocol } from "../core/deploy/answer.ts";
import { describeError, exitCode, StepError, TurnoutError } from "../core/errors.ts";
import { jobPaths } from "../core/jobs/argv.ts";
import type { JobInputs, JobVerb } from "../core/jobs/inputs.ts";
import { stackOf } from "../core/names.ts";
import { backup } from "./commands/backup.ts";
import { edgeConfig } from "./commands/edge-config.ts";
import { handover } from "./commands/handover.ts";
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
import { DockerEngine } from "./swarm/docker.ts";
import { realTime } from "./until.ts";

/**
 * Seconds a job waits for another one to give the stack's lock back: most steps are over by then. A shift in its watched
 * steps is not; who comes then is told so. docs/operations.md names this figure.
 */
const lockPatience = 30;

/**
 * How a verb runs. `exclusive`: it changes the system, so one at a time, and the journal tells of it. `recorded`: the
 * journal tells of it. `reader`: neither.
 */
type Manner = "exclusive" | "recorded" | "reader";

const verbs: {
  [V in JobVerb]: { manner: Manner; run: (input: JobInputs[V], context: JobContext) => Promise<object> };
} = {
  preflight: { manner: "reader", run: preflight },
  "edge-config": { manner: "exclusive", run: edgeConfig },
  backup: { manner: "exclusive", run: backup },
  migration: { manner: "exclusive", run: migration },
  workers: { manner: "exclusive", run: workers },
  smoke: { manner: "exclusive", run: smoke },
  shift: { manner: "exclusive", run: shift },
  // It may take as long as the old workers' work, and must not keep the next deploy waiting; that one replaces it.
  handover: { manner: "recorded", run: handover },
  // It watches for as long as anybody may deploy, takes the lock when it goes back, and keeps its own records.
  soak: { manner: "reader", run: soak },
  // It must not wait for the jobs it removes.
  sweep: { manner: "reader", run: sweep },
  // It speaks to the job that holds the lock, and appends its own record.
  order: {
    manner: "reader",
    run: (input, context) => order(input, context, process.env.TURNOUT_OPERATOR ?? "unknown"),
  },
  observe: { manner: "reader", run: observe },
  log: { manner: "reader", run: async (_input, context) => ({ records: await context.journal.read() }) },
};

async function runVerb<V extends JobVerb>(verb: V, input: JobInputs[V]): Promise<object> {
  const context: JobContext = {
    journal: new Journal(jobPaths.journal, stackOf(input.prefix)),
    docker: new DockerEngine(jobPaths.socket),
    edge: ({ agentUrl, token }, deadlineMs = 30_000) => createEdgeClient({ baseUrl: agentUrl, token, deadlineMs }),
    say: (line) => process.stderr.write(`${line}\n`),
    monitor: databaseMonitor,
    interrupted: onceInterrupted,
    ...realTime,
  };
  const { manner, run } = verbs[verb];
  if (manner === "reader")
    return { protocol, step: verb, at: context.now().toISOString(), ...(await run(input, context)) };
  const unlock = manner === "exclusive" ? await context.journal.lock(lockPatience, isExclusive) : async () => undefined;
  try {
    return await recorded(verb, input, context, () => run(input, context));
  } finally {
    await unlock();
  }
}

function isExclusive(step: string): boolean {
  return Object.hasOwn(verbs, step) && verbs[step as JobVerb].manner === "exclusive";
}

/** Ends the wait of a job that can end in good order; every other one ends by the signal itself. */
function onceInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** Runs a step between two records of the journal. */
async function recorded(step: string, input: object, context: JobContext, run: () => Promise<object>) {
  const began = context.monotonic();
  const { color, version, release, epoch } = input as Record<string, string>;
  const about = { step, operator: process.env.TURNOUT_OPERATOR ?? "unknown", color, version, release, epoch };
  const append = (record: object) =>
    context.journal.append({ at: context.now().toISOString(), ...about, ...record } as never);
  await append({ event: "started" });
  try {
    const result = await run();
    const took = Math.round(context.monotonic() - began);
    await append({ event: "done", took, ...result });
    return { step, at: context.now().toISOString(), ...result };
  } catch (error) {
    const took = Math.round(context.monotonic() - began);
    await append({ event: "failed", took, error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

/** A job that nobody waits for: told by argv, and gone without a trace but the journal's. */
async function runUnattended<V extends JobVerb>(verb: V, input: JobInputs[V]): Promise<void> {
  await runVerb(verb, input);
  await new DockerEngine(jobPaths.socket).removeSelf();
}

/** Every step may be run again, and where nothing better is known, that is what to do. */
function sentenceOf(error: unknown): string {
  const sentence = describeError(error);
  return error instanceof StepError && error.todo === undefined ? `${sentence} Mend that and run it again.` : sentence;
}

async function readInput(): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

async function main(verb: string | undefined, argument: string | undefined): Promise<void> {
  if (verb === undefined || !(verb in verbs))
    throw new TurnoutError(`"${verb ?? ""}" is no job`, `use one of ${Object.keys(verbs).join(", ")}`);
  if (argument !== undefined) return runUnattended(verb as JobVerb, JSON.parse(argument));
  const result = await runVerb(verb as JobVerb, (await readInput()) as never);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

try {
  await main(process.argv[2], process.argv[3]);
} catch (error) {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exitCode = exitCode(error);
}
