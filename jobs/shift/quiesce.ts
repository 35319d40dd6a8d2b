import { randomUUID } from "node:crypto";
import type { Color } from "../../core/color.ts";
import type { EdgeAddress, Wanted } from "../../core/jobs/inputs.ts";
import { names } from "../../core/names.ts";
import { stopServices } from "../commands/workers.ts";
import type { JobContext } from "../context.ts";
import type { EdgeClient } from "../edge/client.ts";

/** What stops, and where. */
export interface QuiesceInput {
  prefix: string;
  edge: EdgeAddress;
  /** The color that is to become active afterwards. */
  color: Color;
  web: Wanted[];
  workers: Wanted[];
  /** Seconds that the old color has to end its work. */
  grace: number;
}

/** The Retry-After that users get, in seconds. */
const retryAfterSeconds = 60;

/**
 * Puts the maintenance page up and stops the active color, so that nothing writes to the database while it is backed up
 * and migrated. Does nothing when no other color is active. May be done again.
 */
export async function quiesce(input: QuiesceInput, context: JobContext): Promise<void> {
  const edge = context.edge(input.edge);
  const { committed, maintenance } = await edge.state();
  if (committed === null || committed === input.color) return;
  if (!maintenance) {
    // If this deploy is canceled, the page has to come down: another epoch shows the next update that the shift has
    // work. It comes first, or a job that is killed in between would leave a page that stays up.
    await edge.commit({ color: committed, epoch: `quiesce-${randomUUID()}`, expectedCommitted: committed });
    await edge.setMaintenance({ on: true, retryAfterSeconds });
  }
  context.say(`recreate: the maintenance page is up; ${committed} stops`);
  // The handover of an earlier shift would start workers in the middle of this.
  await context.docker.endJob(input.prefix, "handover");
  await stopServices(input.prefix, committed, [...input.web, ...input.workers], input.grace, context);
}

/** Starts the web services of a quiesced color. Its workers are started as after any shift. */
export async function resumeColor(prefix: string, color: Color, web: Wanted[], context: JobContext): Promise<void> {
  for (const { service, replicas } of web) await context.docker.scale(names(prefix).service(color, service), replicas);
}

/** Whether a color's web services were quiesced and not started since. */
export async function isQuiesced(
  { prefix, color, web }: { prefix: string; color: Color; web: Wanted[] },
  context: JobContext,
): Promise<boolean> {
  const wanted = await context.docker.wantedReplicas(prefix).catch(() => undefined);
  return web.some(({ service }) => wanted?.get(names(prefix).service(color, service)) === 0);
}

/** Takes the maintenance page down, if it is up. */
export async function endMaintenance(edge: EdgeClient, context: JobContext): Promise<void> {
  if (!(await edge.state()).maintenance) return;
  await edge.setMaintenance({ on: false });
  context.say("recreate: the maintenance page is down");
}
