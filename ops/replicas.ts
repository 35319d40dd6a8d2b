import type { Color } from "../core/color.ts";
import type { EdgeAddress, Wanted } from "../core/jobs.ts";
import type { JobContext } from "./context.ts";
import { until } from "./until.ts";

/**
 * Waits until the edge trusts every replica of a color's web services: it answers, and says that it is of this
 * color and release.
 * @param stop ends the wait when it says so
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
    const { services } = await edge.servers();
    for (const { service, replicas } of input.web) {
      const up = services.find((one) => one.color === input.color && one.service === service)?.up ?? 0;
      if (up < replicas) return `${up} of ${replicas} replicas of ${service} answer`;
    }
    return true;
  });
}
