import { readFile } from "node:fs/promises";
import { type Color, isColor } from "../../core/color.ts";
import { nothingObserved, type Observed } from "../../core/deploy/observed.ts";
import { jobPaths } from "../../core/jobs/argv.ts";
import type { ObserveInput } from "../../core/jobs/inputs.ts";
import { lastReverted, soakUnderWay, stepUnderWay } from "../../core/journal/history.ts";
import { openIncidents } from "../../core/journal/incidents.ts";
import { type JournalRecord, kindOf, type RecordOf } from "../../core/journal/records.ts";
import type { JobContext } from "../context.ts";
import { unready } from "../edge/ready.ts";
import { lastSuccessFile } from "./backup.ts";

/** Observes the server: the active color by the edge, the history by the journal, the replicas by Docker. */
export async function observe(input: ObserveInput, context: JobContext): Promise<Observed> {
  const [{ records, bad }, services, edge, lastBackup, handover] = await Promise.all([
    context.journal.read(),
    replicas(input, context),
    edgeState(input, context),
    readFile(`${jobPaths.backups}/${lastSuccessFile}`, "utf8").catch(() => undefined),
    context.docker.jobRuns(input.prefix, "handover"),
  ]);
  const shift = records.findLast((one) => one.step === "shift" && one.event === "done");
  // A first update may have been killed before the edge was complete: then no color can be active.
  const untouched = services.length === 0 && !records.some((one) => kindOf(one).step === "shift");
  return {
    ...nothingObserved,
    services: services.map(({ version: _, ...one }) => one),
    handover,
    schemaRevision: schemaRevision(records),
    lastBackup: lastBackup?.split(" ")[0] ?? null,
    lastRelease: shift ? lastRelease(shift) : null,
    incidents: openIncidents(records),
    canaryStep: stepUnderWay(records),
    soak: soakUnderWay(records, context.now()),
    lastReverted: lastReverted(records),
    invalidJournalLines: bad.length,
    versions: {
      blue: versionIn(services, "blue", provenIn(records, "blue")),
      green: versionIn(services, "green", provenIn(records, "green")),
    },
    proven: { blue: provenIn(records, "blue"), green: provenIn(records, "green") },
    unready: edge?.live ? await unready(input.edge.publicUrl, input.ready) : null,
    ...(edge ?? { epoch: shift?.epoch }),
    live: edge?.live === undefined && untouched ? null : edge?.live,
  };
}

async function edgeState(input: ObserveInput, context: JobContext) {
  try {
    const state = await context.edge(input.edge, 5_000).state();
    return {
      live: state.live ? state.live.committed : undefined,
      candidate: state.candidate,
      weight: state.weight,
      maintenance: state.maintenance !== null,
      releases: state.releases,
      also: state.also,
      epoch: state.epoch,
      edge: state.live === null ? ("down" as const) : ("up" as const),
    };
  } catch {
    return undefined;
  }
}

/** The revision of the schema after the last migration, whatever became of its deploy. */
function schemaRevision(records: readonly JournalRecord[]): string | null {
  const last = records.findLast((one) => one.event === "done" && (one.step === "migration" || one.step === "migrated"));
  return last?.revision ?? null;
}

/** The version of a color that last passed the smoke tests. */
function provenIn(records: readonly JournalRecord[], color: Color): string | null {
  const smoke = records.findLast((one) => one.step === "smoke" && one.event === "done" && one.color === color);
  return smoke?.step === "smoke" ? smoke.version : null;
}

/**
 * The version a color's services run; null when there are none. Where a rolling deploy failed, some run its release and
 * some the one before: then the version that has passed the smoke tests.
 */
function versionIn(services: { color: Color; version: string | null }[], color: Color, proven: string | null) {
  const versions = services.filter((one) => one.color === color).map(({ version }) => version);
  return versions.includes(proven) ? proven : (versions[0] ?? null);
}

async function replicas(input: ObserveInput, context: JobContext) {
  const services = await context.docker.services(input.prefix);
  return services.flatMap(({ labels, wanted, running, env }) => {
    const color = labels["turnout.color"];
    const service = labels["turnout.service"];
    if (!isColor(color) || !service) return [];
    const kind = labels["turnout.role"] === "worker" ? ("worker" as const) : ("web" as const);
    return [{ service, color, kind, wanted, ready: running, version: env.TURNOUT_VERSION ?? null }];
  });
}

function lastRelease({ color, release, at }: RecordOf<"shift", "done">): Observed["lastRelease"] {
  return { color, release, at };
}
