import type { Color, PerColor } from "../color.ts";
import { colors, isColor } from "../color.ts";
import { command } from "../errors.ts";
import type { CanaryStep, SoakUnderWay } from "../journal/history.ts";
import { describeIncident, type Incident, incidentOf } from "../journal/incidents.ts";
import { replicasOf, type Settings } from "../settings/settings.ts";
import type { Observed, ServiceReplicas } from "./observed.ts";

/** What `ops status --json` prints. Keys are only ever added. */
export interface Status {
  /** The color the last update that went through wants; null before the first. */
  desired: Color | null;
  /** The color the edge serves; null when none, or when it does not answer (`edge` says which). */
  live: Color | null;
  candidate: Color | null;
  /** The candidate's share in percent. */
  weight: number;
  versions: PerColor<string | null>;
  schemaRevision: string | null;
  /** Desired and live agree, and every replica that should run does: in the serving color, those of the settings. */
  healthy: boolean;
  edge: "up" | "down";
  replicas: ServiceReplicas[];
  /** The workers are on their way from one color to the other. */
  handover: boolean;
  /** The step of a canary in words, and the candidate's share in percent; null when nobody is on trial. */
  rollout: { step: string; weight: number } | null;
  /** The release that is watched after its update. */
  soak: SoakUnderWay | null;
  /** Releases that were taken back because they were at fault, and are refused until `retry` is said. */
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

/** What the stack's settings want, which differs from the state until an update has gone through. */
export type Wanted = Pick<Settings, "activeColor" | "activeVersion" | "replicas" | "stack"> & {
  /** The names of the system's services. */
  services: readonly string[];
};

/** Puts together what the state wants and what is there. */
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

/** The status as a person reads it. */
export function describeStatus(status: Status): string {
  const serving = status.live ? `${status.live} serves ${status.versions[status.live] ?? "?"}` : "nobody serves";
  const lines = [status.healthy ? `${serving} · healthy` : `${serving} · NOT HEALTHY`];
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
  if (status.handover) lines.push("workers       on their way to the serving color");
  if (status.rollout) lines.push(`candidate     ${status.rollout.step}`);
  if (status.soak)
    lines.push(`soak          watching ${status.soak.color} ${status.soak.version} until ${status.soak.until}`);
  for (const incident of status.incidents)
    lines.push(`incident      ${incident.color} ${incident.version} was taken back ${describeIncident(incident)}`);
  lines.push(`schema        ${status.schemaRevision ?? "–"}`);
  lines.push(`last backup   ${status.lastBackup ?? "–"}`);
  const last = status.lastRelease;
  lines.push(`last release  ${last ? `${last.release} to ${last.color} at ${last.at}` : "–"}`);
  if (status.url) lines.push(`url           ${status.url}   preview ${status.previewUrl ?? "–"}`);
  return lines.join("\n");
}

function rolloutOf({ candidate, weight, canaryStep }: Observed): Status["rollout"] {
  return candidate && { step: `${candidate} at ${weight} %${canaryStep ? describeStep(canaryStep) : ""}`, weight };
}

function describeStep({ since, seconds, paused }: CanaryStep): string {
  return `, since ${since} for ${seconds} s${paused ? ", paused" : ""}`;
}

function problemsOf(desired: Color | null, observed: Observed, wanted: Wanted): string[] {
  const problems = [servingProblem(desired, observed, wanted)].filter((one) => one !== undefined);
  if (observed.maintenance)
    problems.push("Visitors see the maintenance page: a deploy by recreate is under way, or was cut short.");
  if (observed.unready) problems.push(`${observed.live} serves but is not ready: ${observed.unready}`);
  for (const one of observed.services) {
    // Between two colors no worker runs for a moment; the job that sees to it is under way.
    if (one.kind === "worker" && observed.handover) continue;
    // A service of the serving color may have been scaled down by hand; the other one's workers rest.
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
  const there = services.filter((one) => one.color === live).map(({ service }) => service);
  return wanted.services
    .filter((service) => !there.includes(service))
    .map((service) => `${live} ${service}: the service is not on the server.`);
}

/** Why other users are served than should be. */
function servingProblem(desired: Color | null, observed: Observed, wanted: Wanted): string | undefined {
  if (observed.live === undefined || observed.edge === "down") return "The edge does not answer.";
  if (desired === null) return "No update has gone through yet.";
  const reversed = takenBack(observed, wanted);
  if (reversed || observed.live === desired) return reversed;
  const more = `\`${command("pulumi -- preview", wanted.stack)}\` says more`;
  return `The state wants ${desired}, the edge serves ${observed.live ?? "nobody"}; ${more}.`;
}

/** What is configured to serve was taken back, and nobody has given it up yet. */
function takenBack(observed: Observed, { activeColor, activeVersion, stack }: Wanted): string | undefined {
  const { live, candidate, incidents, releases, lastReverted } = observed;
  if (!live || live === activeColor || candidate === activeColor) return undefined;
  const tried = `${activeColor} ${activeVersion} is configured to serve`;
  const giveUp = command("rollback", stack);
  const incident = incidentOf(incidents, activeVersion, releases[activeColor]);
  if (incident)
    return (
      `${tried}, but the ${incident.step} took it back ${describeIncident(incident)}. ` +
      `Give it up: ${giveUp}; or deploy a corrected version.`
    );
  if (lastReverted?.color !== activeColor || lastReverted.version !== activeVersion) return undefined;
  return (
    `${tried}, but the ${lastReverted.step} took it back at ${lastReverted.at}: ${lastReverted.why}. ` +
    `Try it again: ${command(`deploy -- ${activeVersion}`, stack)}; or give it up: ${giveUp}.`
  );
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
