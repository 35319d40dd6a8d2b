import { readFile } from "node:fs/promises";
import { type Color, isColor } from "../../core/color.ts";
import { jobPaths, type ObserveInput } from "../../core/jobs.ts";
import { nothingObserved, type Observed } from "../../core/observed.ts";
import { versionOf } from "../../core/release.ts";
import type { JobContext } from "../context.ts";
import type { JournalRecord } from "../journal.ts";
import { lastSuccessFile } from "./backup.ts";

/** What is there: who serves by the edge, what happened by the journal, what runs by Docker. Changes nothing. */
export async function observe(input: ObserveInput, context: JobContext): Promise<Observed> {
  const [records, services, edge, lastBackup, handover] = await Promise.all([
    context.journal.read(),
    replicas(input, context),
    edgeState(input, context),
    readFile(`${jobPaths.backups}/${lastSuccessFile}`, "utf8").catch(() => undefined),
    context.docker.jobRuns(input.prefix, "handover"),
  ]);
  const done = records.filter((record) => record.event === "done");
  const shift = done.findLast((record) => record.step === "shift");
  const migration = done.findLast((record) => record.step === "migration");
  return {
    ...nothingObserved,
    services,
    handover,
    schemaRevision: typeof migration?.revision === "string" ? migration.revision : null,
    lastBackup: lastBackup?.split(" ")[0] ?? null,
    lastRelease: shift ? lastRelease(shift) : null,
    ...(edge ?? { live: undefined, epoch: typeof shift?.epoch === "string" ? shift.epoch : undefined }),
  };
}

async function edgeState(input: ObserveInput, context: JobContext) {
  try {
    const state = await context.edge(input.edge, 5_000).state();
    return {
      live: state.live ? state.live.committed : undefined,
      candidate: state.candidate,
      weight: state.weight,
      releases: state.releases,
      versions: { blue: versionOf(state.releases.blue), green: versionOf(state.releases.green) },
      epoch: state.epoch,
      edge: state.live === null ? ("down" as const) : ("up" as const),
    };
  } catch {
    return undefined;
  }
}

async function replicas(input: ObserveInput, context: JobContext): Promise<Observed["services"]> {
  const services = await context.docker.services(input.prefix);
  return services.flatMap(({ labels, wanted, running }) => {
    const color = labels["turnout.color"];
    const service = labels["turnout.service"];
    if (!isColor(color) || !service) return [];
    return [{ service, color, kind: labels["turnout.role"] === "worker" ? "worker" : "web", wanted, ready: running }];
  });
}

function lastRelease(record: JournalRecord): Observed["lastRelease"] {
  return { color: record.color as Color, release: record.release ?? "", at: record.at };
}
