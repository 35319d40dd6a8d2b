import { BusyError } from "../../core/errors.ts";
import type { OrderInput } from "../../core/jobs/inputs.ts";
import { stackOf } from "../../core/names.ts";
import { targetOf } from "../../core/rollout/orders.ts";
import type { JobContext } from "../context.ts";

/**
 * Writes a person's order into the journal, where the shift or soak under way reads it. It must not wait for the stack's
 * lock: the job it is for holds it.
 * @throws GuardError when nothing is under way that the order applies to
 */
export async function order(input: OrderInput, context: JobContext) {
  const { prefix, order: event } = input;
  const [busy, soaks] = await Promise.all([isBusy(context), context.docker.soaks(prefix)]);
  const found = { busy, soaks, stack: stackOf(prefix) };
  const { of, incident, ...release } = targetOf(event, (await context.journal.read()).records, found);
  if (incident !== null) await context.journal.append({ step: "order", event: "retry", ...release, incident });
  else if (event !== "retry") await context.journal.append({ step: "order", event, ...release });
  return { order: event, of, ...release, incident };
}

/** Whether a job changes the system now. */
async function isBusy({ journal }: JobContext): Promise<boolean> {
  try {
    const unlock = await journal.lock(0);
    await unlock();
    return false;
  } catch (error) {
    if (error instanceof BusyError) return true;
    throw error;
  }
}
