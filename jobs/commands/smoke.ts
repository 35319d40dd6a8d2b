import { StepError } from "../../core/errors.ts";
import type { SmokeInput } from "../../core/jobs/inputs.ts";
import type { SmokeCheck } from "../../core/system/schema.ts";
import { judge } from "../../core/system/smoke.ts";
import type { JobContext } from "../context.ts";
import { replicasReady } from "../edge/replicas.ts";
import { ask } from "../http.ts";
import { until } from "../until.ts";

/**
 * Tells the edge which release the color now runs, waits until it trusts every replica, and runs the smoke tests
 * through the preview entrance, which reaches the idle color only.
 */
export async function smoke(input: SmokeInput, context: JobContext) {
  const edge = context.edge(input.edge);
  const { committed } = await edge.announce(input.color, input.release);
  // The preview entrance reaches the idle color only; a release that was deployed by `rolling` is on the active one.
  const entrance = committed === input.color ? input.edge.publicUrl : input.edge.previewUrl;
  await replicasReady(input, context);
  for (const check of input.checks) {
    const what = `Smoke test "${check.name}" of ${input.color} ${input.version}`;
    try {
      await until(context, what, { timeout: input.timeout, every: 500 }, () => tryOnce(input, entrance, check));
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      throw new StepError(
        `${error.message.replace(/\.$/, "")}, so it gets no traffic`,
        `check its logs (docker service logs ${input.prefix}-${input.color}-…) or deploy another version`,
      );
    }
    context.say(`smoke: ${check.name} ok`);
  }
  return { color: input.color, checks: input.checks.length };
}

async function tryOnce(input: SmokeInput, entrance: string, check: SmokeCheck): Promise<true | string> {
  const headers: Record<string, string> = check.host ? { host: check.host } : {};
  if (check.auth) {
    const credentials = `${check.auth.user}:${input.secrets[check.auth.secret] ?? ""}`;
    headers.authorization = `Basic ${Buffer.from(credentials, "utf8").toString("base64")}`;
  }
  try {
    const answer = await ask(`${entrance}${check.path}`, {
      method: check.method,
      headers,
      body: check.body,
    });
    const color = answer.headers["x-turnout-color"];
    if (color !== undefined && color !== input.color) return `${String(color)} answered`;
    return judge(check, answer) ?? true;
  } catch (error) {
    return (error as Error).message;
  }
}
