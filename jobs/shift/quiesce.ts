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
  /** The color that is to serve afterwards. */
  color: Color;
  web: Wanted[];
  workers: Wanted[];
  /** Seconds that the old color has to end its work. */
  grace: number;
}

/** What visitors are told to wait before they come again, in seconds. */
const retryAfterSeconds = 60;

/**
 * Puts the maintenance page up and stops the color that serves, so that nobody works on the database while it is backed
 * up and migrated. Does nothing when no other color serves. May be done again.
 */
export async function quiesce(input: QuiesceInput, context: JobContext): Promise<void> {
  const edge = context.edge(input.edge);
  const { committed, maintenance } = await edge.state();
  if (committed === null || committed === input.color) return;
  if (!maintenance) {
    // Whoever gives this deploy up has to open again: by another epoch the next update sees that the shift has work. It
    // comes first, or a job that dies in between would leave a page that nobody takes down.
    await edge.commit({ color: committed, epoch: `standstill-${randomUUID()}`, expectedCommitted: committed });
    await edge.setMaintenance({ on: true, retryAfterSeconds });
  }
  context.say(`recreate: the maintenance page is up; ${committed} stops`);
  // One of a shift before would start workers in the middle of this.
  await context.docker.endJob(input.prefix, "handover");
  await stopServices(input.prefix, committed, [...input.web, ...input.workers], input.grace, context);
}

/** Starts the web services of a color that a standstill has stopped. Its workers are started like any other's. */
export async function resumeColor(prefix: string, color: Color, web: Wanted[], context: JobContext): Promise<void> {
  for (const { service, replicas } of web) await context.docker.scale(names(prefix).service(color, service), replicas);
}

/** Whether a standstill has stopped a color's web services, and nobody has started them since. */
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
