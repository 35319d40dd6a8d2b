import { Agent } from "node:http";
import { request } from "./edge.ts";

/** What a user got: the color that answered, and the cookie the user has afterwards. */
export type Received = { color: string; cookie: string | undefined; given: boolean };

/**
 * One request per user, each with the user's cookie, 32 at a time. Connections are kept and shared: the edge
 * identifies a user by the cookie alone.
 */
export async function requestAs(url: string, cookies: (string | undefined)[]): Promise<Received[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  try {
    return await Promise.all(
      cookies.map(async (cookie) => {
        const { headers } = await request(url, { agent, headers: cookie ? { cookie } : {} });
        const given = headers["set-cookie"]?.find((one) => one.startsWith("turnout="))?.split(";")[0];
        return { color: String(headers["x-turnout-color"]), cookie: given ?? cookie, given: given !== undefined };
      }),
    );
  } finally {
    agent.destroy();
  }
}

/**
 * How far the count of a fair draw may be from `n · p`, in z standard deviations. With z = 4.5 one run in 150,000 fails
 * by chance.
 */
export function binomialBound(n: number, p: number, z = 4.5): number {
  return z * Math.sqrt(n * p * (1 - p));
}
