import type { Color } from "../../core/color.ts";
import type { Wanted, WorkersInput } from "../../core/jobs/inputs.ts";
import { names } from "../../core/names.ts";
import type { JobContext } from "../context.ts";
import { until } from "../until.ts";

/** Starts a color's workers if it is active, or if no color is yet, and stops them otherwise. */
export async function workers(input: WorkersInput, context: JobContext) {
  const { committed } = await context.edge(input.edge).state();
  const running = committed === null || committed === input.color;
  if (running) await start(input.prefix, input.color, input.workers, input.timeout, context);
  else await stopServices(input.prefix, input.color, input.workers, input.workerGrace + 30, context);
  return { color: input.color, running };
}

/** Lets a color's workers finish their work, and waits until they have ended. */
export async function stopServices(
  prefix: string,
  color: Color,
  workers: Wanted[],
  timeout: number,
  context: JobContext,
) {
  const services = workers.map((worker) => names(prefix).service(color, worker.service));
  for (const service of services) await context.docker.scale(service, 0);
  await settled(prefix, services, timeout, context, (state) => state.alive === 0 || `${state.alive} still running`);
}

/** Starts a color's workers and waits until they run. */
export async function start(prefix: string, color: Color, workers: Wanted[], timeout: number, context: JobContext) {
  const wanted = new Map(workers.map((worker) => [names(prefix).service(color, worker.service), worker.replicas]));
  for (const [service, replicas] of wanted) await context.docker.scale(service, replicas);
  await settled(prefix, [...wanted.keys()], timeout, context, (state) => {
    const replicas = wanted.get(state.name) ?? 0;
    return state.running >= replicas || `${state.running} of ${replicas} running`;
  });
}

async function settled(
  prefix: string,
  services: string[],
  timeout: number,
  context: JobContext,
  judge: (state: { name: string; running: number; alive: number }) => true | string,
): Promise<void> {
  if (services.length === 0) return;
  await until(context, `The workers ${services.join(", ")} did not settle`, { timeout }, async () => {
    const states = await context.docker.services(prefix);
    for (const name of services) {
      const state = states.find((one) => one.name === name);
      const answer = state ? judge(state) : "there is no such service";
      if (answer !== true) return `${name}: ${answer}`;
    }
    return true;
  });
}
