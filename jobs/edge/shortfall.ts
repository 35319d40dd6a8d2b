import type { Color } from "../../core/color.ts";
import type { WatchInput } from "../../core/jobs/inputs.ts";
import { names } from "../../core/names.ts";
import type { Shortfall } from "../../core/verdict/verdict.ts";
import type { JobContext } from "../context.ts";
import type { ServersAnswer } from "./client.ts";
import { lowered, upOf } from "./replicas.ts";

/**
 * Milliseconds for which a service must be short of replicas before that counts: a late health check on a busy machine is
 * no failed replica. When none is left it counts at once.
 */
const shortFor = 3_000;

/** Finds the services of a color that are short of replicas, by the edge's last answer. */
export type ShortfallFinder = (servers: ServersAnswer, color: Color) => Promise<Shortfall[]>;

/**
 * Remembers for how long services have been short of replicas.
 *
 * The settings may have been lowered since the release was deployed, so where a service is short, Docker is asked how many
 * replicas it is to have now, and the lower number counts. When Docker does not answer, the given number counts. The watched
 * color is to have at least one: no setting allows none.
 */
export function createShortfallFinder(
  { prefix, color: watched, web }: Pick<WatchInput, "prefix" | "color" | "web">,
  { docker, monotonic }: Pick<JobContext, "docker" | "monotonic">,
): ShortfallFinder {
  const since = new Map<string, number>();

  /** Whether a service has been short of replicas for long enough, this sample included. */
  const counts = (name: string, { ready, wanted }: Shortfall): boolean => {
    if (ready >= wanted) since.delete(name);
    else if (!since.has(name)) since.set(name, monotonic());
    const from = since.get(name);
    return from !== undefined && (ready === 0 || monotonic() - from >= shortFor);
  };

  return async (servers, color) => {
    const isShort = web.some(({ service, replicas }) => upOf(servers, color, service) < replicas);
    // Asked after the edge: when a replica is being removed, Docker knows first.
    const now = isShort ? await docker.wantedReplicas(prefix).catch(() => undefined) : undefined;
    return lowered({ prefix, color, web }, now).flatMap(({ service, replicas }) => {
      const wanted = color === watched ? Math.max(1, replicas) : replicas;
      const found = { service, ready: upOf(servers, color, service), wanted };
      return counts(names(prefix).service(color, service), found) ? [found] : [];
    });
  };
}
