import { setTimeout as delay } from "node:timers/promises";
import type { TestStack } from "./stack.ts";

/**
 * Calls `ask` until its answer is not undefined. Rejects after `seconds`, naming what it waited for.
 * @param every milliseconds between two calls; more for one that costs seconds of a core. Default 100
 */
export async function poll<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined>,
  every = 100,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown = "no answer yet";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s (${String(last)})`);
    await delay(every);
  }
}

/** The color that answers at this address, by the header; undefined without an answer with status 200. */
export async function servingColor(url: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  if (answer?.status !== 200) return undefined;
  return answer.headers.get("x-turnout-color") ?? undefined;
}

/** The first status that is healthy. Asked for once a second: each answer costs two seconds of a core. */
export function healthy(stack: TestStack): ReturnType<TestStack["status"]> {
  return poll(
    "a healthy status",
    60,
    async () => {
      const found = await stack.status();
      return found.healthy === true ? found : undefined;
    },
    1_000,
  );
}
