import { edgeFiles } from "../core/edge/config.ts";
import { mapValue, parseReleases, parseServe, releaseEntries } from "../core/edge/map.ts";
import type { StateAnswer } from "../core/edge/schema.ts";
import type { EdgeState } from "../core/edge/state.ts";
import { TurnoutError } from "../core/errors.ts";
import type { Haproxy } from "./haproxy.ts";
import type { Worker } from "./parse.ts";

/**
 * Makes every worker match the state, and verifies it.
 * @throws HaproxyUnreachable, HaproxyRefused, TurnoutError when a worker does not match
 */
export async function applyTo(haproxy: Haproxy, state: EdgeState): Promise<void> {
  for (const worker of await haproxy.workers()) {
    await converge(haproxy, worker, edgeFiles.releasesMap, releaseEntries(state));
    await converge(haproxy, worker, edgeFiles.serveMap, [["serve", mapValue(state)]]);
  }
}

async function converge(haproxy: Haproxy, { pid }: Worker, file: string, entries: [string, string][]): Promise<void> {
  if (same(await haproxy.readMap(pid, file), entries)) return;
  await haproxy.replaceMap(pid, file, entries);
  if (!same(await haproxy.readMap(pid, file), entries))
    throw new TurnoutError(`HAProxy worker ${pid} did not apply ${file}`);
}

function same(map: Map<string, string>, entries: [string, string][]): boolean {
  return map.size === entries.length && entries.every(([key, value]) => map.get(key) === value);
}

/** What HAProxy itself reports, and whether it matches the state. */
export async function observe(
  haproxy: Haproxy,
  state: EdgeState,
): Promise<Pick<StateAnswer, "live" | "agrees" | "haproxy">> {
  try {
    const workers = await haproxy.workers();
    const read = async ({ pid }: Worker) => ({
      serve: await haproxy.readMap(pid, edgeFiles.serveMap),
      releases: await haproxy.readMap(pid, edgeFiles.releasesMap),
    });
    const agrees = (maps: Awaited<ReturnType<typeof read>>) =>
      same(maps.serve, [["serve", mapValue(state)]]) && same(maps.releases, releaseEntries(state));
    const newest = await read(workers[0]);
    let all = agrees(newest);
    for (const old of workers.slice(1)) all &&= agrees(await read(old));
    return {
      live: { ...parseServe(newest.serve.get("serve")), ...parseReleases(newest.releases) },
      agrees: all,
      haproxy: {
        alive: true,
        pid: workers[0].pid,
        uptimeSeconds: workers[0].uptimeSeconds,
        oldWorkers: workers.length - 1,
      },
    };
  } catch {
    return {
      live: null,
      agrees: false,
      haproxy: { alive: false, pid: null, uptimeSeconds: null, oldWorkers: 0 },
    };
  }
}
