import { setTimeout as delay } from "node:timers/promises";

/** Calls `ask` until its answer is not undefined. Rejects after `seconds`, naming what it waited for. */
export async function poll<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
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
    await delay(100);
  }
}

/** The color that answers at this address, by the header; undefined without an answer with status 200. */
export async function servingColor(url: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  if (answer?.status !== 200) return undefined;
  return answer.headers.get("x-turnout-color") ?? undefined;
}
