import type { Color } from "../../core/color.ts";
import type { WatchInput } from "../../core/jobs/inputs.ts";
import { names } from "../../core/names.ts";
import type { Shortfall } from "../../core/verdict/verdict.ts";
import type { JobContext } from "../context.ts";
import type { ServersAnswer } from "./client.ts";
import { lowered, upOf } from "./replicas.ts";

/**
 * Milliseconds for which a replica must be missing before that counts: a check that comes late on a busy machine is no
 * dead replica. When none is left it counts at once.
 */
const shortFor = 3_000;

/** Says which services of a color lack replicas, by what the edge has just said of them. */
export type ShortfallFinder = (servers: ServersAnswer, color: Color) => Promise<Shortfall[]>;

/**
 * Remembers for how long replicas have been missing.
 *
 * The settings may have been lowered since the release was brought out, so where some are missing, Docker is asked how
 * many are wanted by now, and the lower number counts. When it does not say, what was told counts. Of the watched color
 * at least one is wanted: no setting says none, so whoever took the last one away has hurt it.
 */
export function createShortfallFinder(
  { prefix, color: watched, web }: Pick<WatchInput, "prefix" | "color" | "web">,
  { docker, monotonic }: Pick<JobContext, "docker" | "monotonic">,
): ShortfallFinder {
  const since = new Map<string, number>();

  /** Whether a service has missed replicas for long enough, this look included. */
  const counts = (name: string, { ready, wanted }: Shortfall): boolean => {
    if (ready >= wanted) since.delete(name);
    else if (!since.has(name)) since.set(name, monotonic());
    const from = since.get(name);
    return from !== undefined && (ready === 0 || monotonic() - from >= shortFor);
  };

  return async (servers, color) => {
    const isShort = web.some(({ service, replicas }) => upOf(servers, color, service) < replicas);
    // Asked after the edge was: of a replica that is just being taken away, Docker has heard first.
    const now = isShort ? await docker.wantedReplicas(prefix).catch(() => undefined) : undefined;
    return lowered({ prefix, color, web }, now).flatMap(({ service, replicas }) => {
      const wanted = color === watched ? Math.max(1, replicas) : replicas;
      const found = { service, ready: upOf(servers, color, service), wanted };
      return counts(names(prefix).service(color, service), found) ? [found] : [];
    });
  };
}
