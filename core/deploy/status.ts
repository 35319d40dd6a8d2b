import type { Color, PerColor } from "../color.ts";
import { colors, isColor } from "../color.ts";
import { command } from "../errors.ts";
import type { CanaryStep, SoakUnderWay } from "../journal/history.ts";
import { describeIncident, type Incident, incidentOf } from "../journal/incidents.ts";
import { replicasOf, type Settings } from "../settings/settings.ts";
import type { Observed, ServiceReplicas } from "./observed.ts";

/** What `ops status --json` prints. Keys are added, never removed or changed. */
export interface Status {
  /** The color that the last completed update made active; null before the first. */
  desired: Color | null;
  /** The color the edge routes to; null when there is none, or when the edge is unreachable (see `edge`). */
  live: Color | null;
  candidate: Color | null;
  /** The candidate's share in percent. */
  weight: number;
  versions: PerColor<string | null>;
  schemaRevision: string | null;
  /**
   * Whether desired and live agree and all replicas are ready: in the active color, as many as the settings ask for.
   */
  healthy: boolean;
  edge: "up" | "down";
  replicas: ServiceReplicas[];
  /** Whether the workers are moving from one color to the other. */
  handover: boolean;
  /** The step of a canary as text, and the candidate's share in percent; null without a candidate. */
  rollout: { step: string; weight: number } | null;
  /** The release that is watched after its update. */
  soak: SoakUnderWay | null;
  /** Releases that were withdrawn or reverted because they were at fault, and are refused until `ops retry`. */
  incidents: Incident[];
  lastBackup: string | null;
  lastRelease: Observed["lastRelease"];
  url: string | null;
  previewUrl: string | null;
  /** Lines of the journal that are no records; a problem, but not one of what runs: `healthy` does not count it. */
  invalidJournalLines: number;
  /** Why it is not healthy, and what else needs attention; one sentence each. */
  problems: string[];
}

/** What the stack's settings ask for. It differs from the state until an update has completed. */
export type Wanted = Pick<Settings, "activeColor" | "activeVersion" | "replicas" | "stack"> & {
  /** The names of the system's services. */
  services: readonly string[];
};

/** Compares what the state and the settings ask for with what is observed. */
export function statusOf(outputs: Record<string, unknown>, observed: Observed, wanted: Wanted): Status {
  const desired = isColor(outputs.activeColor) ? outputs.activeColor : null;
  const live = observed.live ?? null;
  const problems = problemsOf(desired, observed, wanted);
  return {
    desired,
    live,
    candidate: observed.candidate,
    weight: observed.weight,
    versions: observed.versions,
    schemaRevision: observed.schemaRevision,
    healthy: problems.length === 0,
    edge: observed.edge,
    replicas: observed.services,
    handover: observed.handover,
    rollout: rolloutOf(observed),
    soak: observed.soak,
    incidents: observed.incidents,
    lastBackup: observed.lastBackup,
    lastRelease: observed.lastRelease,
    url: text(outputs.url),
    previewUrl: text(outputs.previewUrl),
    invalidJournalLines: observed.invalidJournalLines,
    problems: [...problems, ...journalProblem(observed, wanted)],
  };
}

/** The status as text for people. */
export function describeStatus(status: Status): string {
  const lines = [`${describeActive(status)} · ${status.healthy ? "healthy" : "NOT HEALTHY"}`];
  for (const problem of status.problems) lines.push(`  ! ${problem}`);
  lines.push("");
  for (const color of colors) {
    const own = status.replicas.filter((one) => one.color === color);
    const replicas = own.map((one) => `${one.service} ${one.ready}/${one.wanted}`).join("  ");
    const mark = status.live === color ? "●" : "○";
    lines.push(
      `${mark} ${color.padEnd(6)} ${(own.length ? (status.versions[color] ?? "?") : "–").padEnd(16)} ${replicas}`,
    );
  }
  lines.push("");
  if (status.handover) lines.push("workers       moving to the active color");
  if (status.rollout) lines.push(`candidate     ${status.rollout.step}`);
  if (status.soak)
    lines.push(`soak          watching ${status.soak.color} ${status.soak.version} until ${status.soak.until}`);
  for (const incident of status.incidents)
    lines.push(`incident      ${incident.color} ${incident.version} was marked as bad ${describeIncident(incident)}`);
  lines.push(`schema        ${status.schemaRevision ?? "–"}`);
  lines.push(`last backup   ${status.lastBackup ?? "–"}`);
  const last = status.lastRelease;
  lines.push(`last release  ${last ? `${last.release} to ${last.color} at ${last.at}` : "–"}`);
  if (status.url) lines.push(`url           ${status.url}   preview ${status.previewUrl ?? "–"}`);
  return lines.join("\n");
}

function describeActive({ live, versions, edge }: Status): string {
  if (live) return `${live} ${versions[live] ?? "?"} is active`;
  return edge === "down" ? "active color unknown" : "no color is active";
}

function rolloutOf({ candidate, weight, canaryStep }: Observed): Status["rollout"] {
  return candidate && { step: `${candidate} at ${weight} %${canaryStep ? describeStep(canaryStep) : ""}`, weight };
}

function describeStep({ since, seconds, paused }: CanaryStep): string {
  return `, since ${since} for ${seconds} s${paused ? ", paused" : ""}`;
}

function problemsOf(desired: Color | null, observed: Observed, wanted: Wanted): string[] {
  const problems = [activeProblem(desired, observed, wanted)].filter((one) => one !== undefined);
  if (observed.maintenance)
    problems.push("Users see the maintenance page: a deploy with strategy recreate is in progress or was interrupted.");
  if (observed.unready) problems.push(`${observed.live} is active but not ready: ${observed.unready}`);
  for (const one of observed.services) {
    // During a handover no worker runs for a moment; its job is in progress.
    if (one.kind === "worker" && observed.handover) continue;
    // A service of the active color may have been scaled down by hand; the idle color's workers are stopped.
    const least = one.color === observed.live ? replicasOf(wanted, one.service) : 0;
    const replicas = Math.max(least, one.wanted);
    if (one.ready < replicas)
      problems.push(`${one.color} ${one.service}: ${one.ready} of ${replicas} replicas are ready.`);
  }
  return [...problems, ...missingServices(observed, wanted)];
}

function journalProblem({ invalidJournalLines: count }: Observed, { stack }: Wanted): string[] {
  if (count === 0) return [];
  const lines = count === 1 ? "1 line of the journal is" : `${count} lines of the journal are`;
  return [`${lines} invalid and ignored; \`${command("ops -- log", stack)}\` names the first.`];
}

function missingServices({ live, services }: Observed, wanted: Wanted): string[] {
  if (!live) return [];
  const existing = services.filter((one) => one.color === live).map(({ service }) => service);
  return wanted.services
    .filter((service) => !existing.includes(service))
    .map((service) => `${live} ${service}: the service does not exist on the server.`);
}

/** Why the active color is not the right one, or is not known. */
function activeProblem(desired: Color | null, observed: Observed, wanted: Wanted): string | undefined {
  if (observed.live === undefined || observed.edge === "down") return "The edge is unreachable.";
  if (desired === null) return "No update has completed yet.";
  const reverted = revertedProblem(observed, wanted);
  if (reverted || observed.live === desired) return reverted;
  const details = `Run \`${command("pulumi -- preview", wanted.stack)}\` for details`;
  return `The last update made ${desired} active, but the edge routes to ${observed.live ?? "no color"}. ${details}.`;
}

/** The color configured as active was withdrawn or reverted, and its deploy is not canceled yet. */
function revertedProblem(observed: Observed, { activeColor, activeVersion, stack }: Wanted): string | undefined {
  const { live, candidate, incidents, releases, lastReverted } = observed;
  if (!live || live === activeColor || candidate === activeColor) return undefined;
  const configured = `${activeColor} ${activeVersion} is configured as active`;
  const cancel = `cancel the deploy with \`${command("rollback", stack)}\``;
  const incident = incidentOf(incidents, activeVersion, releases[activeColor]);
  if (incident)
    return (
      `${configured}, but the ${incident.step} marked it as bad ${describeIncident(incident)}. ` +
      `Deploy a corrected version, or ${cancel}.`
    );
  if (lastReverted?.color !== activeColor || lastReverted.version !== activeVersion) return undefined;
  return (
    `${configured}, but the ${lastReverted.step} reverted to ${live} at ${lastReverted.at}: ${lastReverted.why}. ` +
    `Retry with \`${command(`deploy -- ${activeVersion}`, stack)}\`, or ${cancel}.`
  );
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
