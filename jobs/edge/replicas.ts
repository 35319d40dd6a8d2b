import type { Color } from "../../core/color.ts";
import type { EdgeAddress, Wanted } from "../../core/jobs/inputs.ts";
import { names } from "../../core/names.ts";
import type { JobContext } from "../context.ts";
import { until } from "../until.ts";
import type { ServersAnswer } from "./client.ts";

/**
 * The replicas a color is to have now: the settings may have been lowered since. At least one of each, and the given number
 * where Docker does not answer.
 */
export async function wantedNow(
  { prefix, color, web }: { prefix: string; color: Color; web: Wanted[] },
  { docker }: JobContext,
): Promise<Wanted[]> {
  const now = await docker.wantedReplicas(prefix).catch(() => undefined);
  return lowered({ prefix, color, web }, now).map((one) => ({ ...one, replicas: Math.max(1, one.replicas) }));
}

/**
 * The lower of the given number and Docker's.
 * @param now replicas by a service's whole name; undefined when Docker does not answer
 */
export function lowered(
  { prefix, color, web }: { prefix: string; color: Color; web: Wanted[] },
  now: ReadonlyMap<string, number> | undefined,
): Wanted[] {
  return web.map(({ service, replicas }) => {
    const wanted = now?.get(names(prefix).service(color, service)) ?? replicas;
    return { service, replicas: Math.min(replicas, wanted) };
  });
}

/** How many replicas of a service the edge trusts. */
export function upOf({ services }: ServersAnswer, color: Color, service: string): number {
  return services.find((one) => one.color === color && one.service === service)?.up ?? 0;
}

/**
 * Waits until the edge trusts every replica of a color's web services: it answers, as one of this
 * color and release.
 * @param stop ends the wait when it returns true
 */
export async function replicasReady(
  input: { color: Color; version: string; edge: EdgeAddress; web: Wanted[]; timeout: number },
  context: JobContext,
  stop: () => Promise<boolean> = async () => false,
): Promise<void> {
  const edge = context.edge(input.edge);
  const what = `${input.color} ${input.version} is not ready`;
  await until(context, what, { timeout: input.timeout }, async () => {
    if (await stop()) return true;
    const servers = await edge.servers();
    for (const { service, replicas } of input.web) {
      const up = upOf(servers, input.color, service);
      if (up < replicas) return `${up} of ${replicas} replicas of ${service} answer`;
    }
    return true;
  });
}
