import { BusyError } from "../../core/errors.ts";
import type { OrderInput } from "../../core/jobs/inputs.ts";
import { stackOf } from "../../core/names.ts";
import { targetOf } from "../../core/rollout/orders.ts";
import type { JobContext } from "../context.ts";

/**
 * Writes a person's order into the journal, where the shift or the soak that is under way reads it. It must not wait
 * for the stack's lock: the one it speaks to holds it.
 * @param operator the person
 * @throws GuardError when there is nothing the order could mean
 */
export async function order(input: OrderInput, context: JobContext, operator: string) {
  const { prefix } = input;
  const [busy, soaks] = await Promise.all([isBusy(context), context.docker.soaks(prefix)]);
  const found = { busy, soaks, stack: stackOf(prefix) };
  const { of, ...about } = targetOf(input.order, await context.journal.read(), found);
  const { incident, ...release } = about;
  const record = { at: context.now().toISOString(), step: "order", event: input.order, operator, ...release };
  await context.journal.append(incident === null ? record : { ...record, incident });
  return { order: input.order, of, ...about };
}

/** Whether somebody changes the system now. */
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
