import type { Color } from "../../core/color.ts";
import type { EdgeRequest } from "../../core/system/routes.ts";
import type { JobContext } from "../context.ts";
import { ask } from "../http.ts";
import { until } from "../until.ts";

/**
 * Why a color is not ready, by its own ready paths; null when it is.
 * @param entrance the address of the edge that leads to it
 */
export async function unready(entrance: string, checks: readonly EdgeRequest[]): Promise<string | null> {
  for (const { path, host } of checks) {
    const answer = await ask(`${entrance}${path}`, { timeout: 3_000, headers: host ? { host } : {} }).catch(
      (error: Error) => ({ status: 0, body: error.message }),
    );
    if (answer.status !== 200) return `${path} answers ${answer.status}: ${answer.body.slice(0, 300)}`.trim();
  }
  return null;
}

/**
 * Waits until a color that was stopped is ready again.
 * @throws StepError with its answer
 */
export async function mustBeReady(
  input: { color: Color; version: string; entrance: string; ready: readonly EdgeRequest[]; timeout: number },
  context: JobContext,
): Promise<void> {
  const what = `${input.color} ${input.version} was started again but is not ready`;
  await until(context, what, { timeout: input.timeout, every: 500 }, async () => {
    return (await unready(input.entrance, input.ready)) ?? true;
  });
}
