import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { edgeAddress } from "../../core/edge/address.ts";
import { readyChecks } from "../../core/edge/input.ts";
import { type JobPlacement, jobPaths } from "../../core/jobs/argv.ts";
import type { JobVerb, ShiftInput, ShiftResult } from "../../core/jobs/inputs.ts";
import { names, tasksOf } from "../../core/names.ts";
import { parseSettings, replicasOf, type Settings } from "../../core/settings/settings.ts";
import { servicesOf } from "../../core/system/schema.ts";
import { probesOf } from "../../core/system/smoke.ts";
import { imageReference } from "../../images/own-images.ts";
import { cleaning } from "../../systems/cleaning.ts";
import { poll } from "./poll.ts";
import type { TestStack } from "./stack.ts";

const root = `${import.meta.dirname}/../..`;

/** How a job ended. */
export interface JobEnd {
  code: number;
  /** Everything it printed on stderr. */
  text: string;
  /** The last line of it: why it failed. */
  sentence: string;
  /** Its result; undefined when it failed. */
  result: ShiftResult | undefined;
  seconds: number;
}

/** A job under way. */
export interface RunningJob {
  /** Resolves with the first line on stderr that fits. Rejects after 90 s, or when the job ends without it. */
  printed(pattern: RegExp): Promise<string>;
  /** The id of its container. */
  container(): Promise<string>;
  /** Kills its container, and waits for its launcher to report it. */
  kill(): Promise<JobEnd>;
  readonly ended: Promise<JobEnd>;
}

/** Where a job runs when it is not where the stack's own would. */
export interface Elsewhere {
  image?: string;
  journalVolume?: string;
}

/**
 * The input that the program gives the shift of this stack, by the stack's settings.
 * @param more the color that is to become active, and what is different from the settings
 */
export function shiftInput(
  stack: TestStack,
  more: Pick<ShiftInput, "color" | "version" | "release"> & Partial<ShiftInput>,
): ShiftInput {
  const { prefix, secrets } = stack;
  const settings = settingsOf(stack);
  const { strategy, rollout, thresholds, timeouts } = settings;
  const wanted = (kind: "web" | "worker") =>
    servicesOf(cleaning, kind).map(([service]) => ({ service, replicas: replicasOf(settings, service) }));
  return {
    ...{ prefix, strategy, rollout, thresholds },
    epoch: `test-${randomBytes(4).toString("hex")}`,
    edge: edgeAddress(prefix, { secrets }),
    database: {
      host: tasksOf(names(prefix).database),
      ...{ port: 5432, name: cleaning.database.name, user: cleaning.database.user, sslmode: "disable" },
      password: secrets.databasePassword ?? "",
    },
    web: wanted("web"),
    workers: { blue: wanted("worker"), green: wanted("worker") },
    probes: probesOf(cleaning.smoke),
    metrics: cleaning.metrics ?? null,
    ready: readyChecks(cleaning),
    timeout: timeouts.start,
    workerGrace: timeouts.workers,
    soakSecrets: [],
    ...more,
  };
}

/** The stack's settings as the program reads them. */
export function settingsOf(stack: TestStack): Settings {
  const raw = Object.entries(stack.settings).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseSettings(Object.fromEntries(raw), { cleaning }, stack.name);
}

/** Starts a job by its launcher, as its resource does. */
export async function startJob(
  stack: TestStack,
  verb: JobVerb,
  input: object,
  elsewhere: Elsewhere = {},
): Promise<RunningJob> {
  const named = names(stack.prefix);
  const job: JobPlacement = {
    image: elsewhere.image ?? (await imageReference(root, "ops")),
    ...{ name: named.job(verb), verb, prefix: stack.prefix, network: named.adminNetwork },
    volumes: { [jobPaths.journal]: elsewhere.journalVolume ?? named.journalVolume },
    ...{ docker: true, dockerHost: "" },
    key: randomBytes(6).toString("hex"),
  };
  const began = performance.now();
  const env = { TURNOUT_JOB: JSON.stringify(job), TURNOUT_OPERATOR: "test" };
  const run = execa(process.execPath, ["launcher/launch.ts", verb], {
    ...{ cwd: root, env, input: JSON.stringify(input), reject: false, timeout: 240_000 },
  });
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  createInterface({ input: run.stderr }).on("line", (line) => {
    lines.push(line);
    for (const sample of waiting) sample(line);
  });
  const ended = run.then(({ exitCode, stdout, stderr }): JobEnd => {
    const result = exitCode === 0 ? (JSON.parse(stdout) as ShiftResult) : undefined;
    const seconds = (performance.now() - began) / 1000;
    return { code: exitCode ?? 1, text: stderr, sentence: stderr.trimEnd().split("\n").at(-1) ?? "", result, seconds };
  });
  const container = () =>
    poll(`the container of ${verb}`, 60, async () => {
      const filters = ["--filter", `label=turnout.key=${job.key}`, "--filter", "status=running"];
      return (await stack.docker("ps", "--quiet", "--no-trunc", ...filters)) || undefined;
    });
  return {
    container,
    ended,
    printed(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const sample = (line: string) => pattern.test(line) && resolve(line);
      const missing = () => reject(new Error(`${verb} did not print ${pattern}, but:\n${lines.join("\n")}`));
      const timer = setTimeout(missing, 90_000).unref();
      waiting.add(sample);
      lines.forEach(sample);
      void ended.then(missing);
      return promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(sample);
      });
    },
    async kill() {
      await stack.docker("kill", "--signal", "KILL", await container());
      return ended;
    },
  };
}

/** Runs a job to its end. */
export async function runToEnd(stack: TestStack, verb: JobVerb, input: object, elsewhere?: Elsewhere): Promise<JobEnd> {
  return (await startJob(stack, verb, input, elsewhere)).ended;
}
