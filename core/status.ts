import type { Color, PerColor } from "./color.ts";
import { colors, isColor } from "./color.ts";
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
  /** Desired and live agree, and every replica that should run does. */
  healthy: boolean;
  edge: "up" | "down";
  replicas: ServiceReplicas[];
  /** The workers are on their way from one color to the other. */
  handover: boolean;
  lastBackup: string | null;
  lastRelease: Observed["lastRelease"];
  url: string | null;
  previewUrl: string | null;
  /** Why it is not healthy, one sentence each. */
  problems: string[];
}

/** Puts together what the state wants and what is there. */
export function statusOf(outputs: Record<string, unknown>, observed: Observed): Status {
  const desired = isColor(outputs.activeColor) ? outputs.activeColor : null;
  const live = observed.live ?? null;
  const problems = problemsOf(desired, observed);
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
    lastBackup: observed.lastBackup,
    lastRelease: observed.lastRelease,
    url: text(outputs.url),
    previewUrl: text(outputs.previewUrl),
    problems,
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
  if (status.candidate) lines.push(`candidate     ${status.candidate} at ${status.weight} %`);
  lines.push(`schema        ${status.schemaRevision ?? "–"}`);
  lines.push(`last backup   ${status.lastBackup ?? "–"}`);
  const last = status.lastRelease;
  lines.push(`last release  ${last ? `${last.release} to ${last.color} at ${last.at}` : "–"}`);
  if (status.url) lines.push(`url           ${status.url}   preview ${status.previewUrl ?? "–"}`);
  return lines.join("\n");
}

function problemsOf(desired: Color | null, observed: Observed): string[] {
  const problems: string[] = [];
  if (observed.live === undefined || observed.edge === "down") problems.push("The edge does not answer.");
  else if (desired === null) problems.push("No update has gone through yet.");
  else if (observed.live !== desired)
    problems.push(
      `The state wants ${desired}, the edge serves ${observed.live ?? "nobody"}; \`npm run pulumi -- preview\` says more.`,
    );
  if (observed.unready) problems.push(`${observed.live} serves but is not ready: ${observed.unready}`);
  for (const one of observed.services) {
    // Between two colors no worker runs for a moment; the job that sees to it is under way.
    if (one.kind === "worker" && observed.handover) continue;
    const wanted = one.kind === "worker" && one.color === observed.live ? Math.max(1, one.wanted) : one.wanted;
    if (one.ready < wanted) problems.push(`${one.color} ${one.service}: ${one.ready} of ${wanted} replicas are ready.`);
  }
  return problems;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
