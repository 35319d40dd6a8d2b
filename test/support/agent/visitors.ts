import { Agent } from "node:http";
import { request } from "./edge.ts";

/** What a visitor saw: who answered, and the cookie they hold afterwards. */
export type Visit = { color: string; cookie: string | undefined; given: boolean };

/**
 * One request of each visitor, with the cookie they hold, 32 at a time. Connections are kept and shared: who a visitor
 * is, the edge knows by the cookie alone.
 */
export async function visit(url: string, cookies: (string | undefined)[]): Promise<Visit[]> {
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

/** How far the count of a fair draw may be from `n · p`: z standard deviations. With z = 4.5 one run in 150,000 fails by chance. */
export function binomialBound(n: number, p: number, z = 4.5): number {
  return z * Math.sqrt(n * p * (1 - p));
}
