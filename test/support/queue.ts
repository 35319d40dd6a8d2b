import { randomUUID } from "node:crypto";

/** The queue of the demo application: each lead creates one follow-up, which a worker must do exactly once. */
export interface Queue {
  /** All follow-ups, one per lead. */
  count: number;
  /** Not done yet. */
  pending: number;
  /** Done more than once; must be 0. */
  repeated: number;
}

/**
 * Puts follow-ups into the queue through the public entrance, 20 at a time.
 * @returns how many were accepted
 * @throws Error when one was not, because the count would be unknown
 */
export async function putFollowups(url: string, count: number): Promise<number> {
  let left = count;
  const put = async () => {
    while (left > 0) {
      left--;
      const body = JSON.stringify({ beds: 1, baths: 1, name: "Queue", phone: "555-0100", client_id: randomUUID() });
      const headers = { "content-type": "application/json" };
      const signal = AbortSignal.timeout(30_000);
      const answer = await fetch(`${url}/v1/leads`, { method: "POST", headers, body, signal });
      await answer.body?.cancel();
      if (answer.status !== 201) throw new Error(`a lead was answered with ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: 20 }, put));
  return count;
}

/** @param password the admin's */
export async function readQueue(url: string, password: string): Promise<Queue> {
  const { count, pending_followups, repeated_followups } = await readAdmin(url, "leads", password);
  return { count: Number(count), pending: Number(pending_followups), repeated: Number(repeated_followups) };
}

/**
 * Complete uploads, and how many of them arrived more than once.
 * @param password the admin's
 */
export async function readPhotos(url: string, password: string): Promise<{ count: number; repeated: number }> {
  const { count, repeated } = await readAdmin(url, "photos", password);
  return { count: Number(count), repeated: Number(repeated) };
}

async function readAdmin(url: string, what: string, password: string): Promise<Record<string, unknown>> {
  const headers = { authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` };
  const signal = AbortSignal.timeout(5_000);
  const answer = await fetch(`${url}/v1/admin/${what}/count`, { headers, signal });
  if (!answer.ok) throw new Error(`/v1/admin/${what}/count answered ${answer.status}`);
  return (await answer.json()) as Record<string, unknown>;
}
