import { isDeepStrictEqual } from "node:util";
import { applyState, type EdgeChange, expire as expired } from "../core/edge/apply.ts";
import { mapValue, releaseEntries } from "../core/edge/map.ts";
import type { ConfigAnswer, CountersAnswer, ServersAnswer, StateAnswer } from "../core/edge/schema.ts";
import type { EdgeState } from "../core/edge/state.ts";
import { type EdgeTime, isOver, remainingMs } from "../core/edge/time.ts";
import type { Configs } from "./configs.ts";
import { closeSome } from "./drain.ts";
import { NotLive } from "./errors.ts";
import type { Haproxy } from "./haproxy.ts";
import { applyTo } from "./live.ts";
import { parseCounters, parseServers } from "./parse.ts";
import type { Store } from "./store.ts";
import { viewOf } from "./view.ts";

/** What the keeper depends on. */
export interface KeeperOptions {
  haproxy: Haproxy;
  store: Store;
  configs: Configs;
  time: () => EdgeTime;
  sleep: (milliseconds: number) => Promise<unknown>;
  log: (line: string) => void;
  /** Returns a number from 0 to 1. */
  random: () => number;
  /** Random for each start of the agent. */
  instance: string;
}

/** How long a change may take to be live before the request for it fails, in milliseconds. */
const liveWithinMs = 5_000;

/**
 * How long the health checks may take to notice another release, and a new worker to check all replicas, in
 * milliseconds: two failed checks in a row, and their answers.
 */
const settleMs = 1_500;

/** Keeps the edge's state and makes HAProxy match it. Requests run one at a time, in order. */
export interface Keeper {
  change(change: EdgeChange): Promise<StateAnswer>;
  putConfig(text: string, hash: string): Promise<ConfigAnswer>;
  view(): Promise<StateAnswer>;
  /** Waits up to 1.5 s for checks that the newest worker made after the last announcement. */
  servers(): Promise<ServersAnswer>;
  counters(): Promise<CountersAnswer>;
  /** Ends what has expired, closes sessions that are due, and repairs what differs from the state. Never throws. */
  reconcile(): Promise<void>;
  /** Milliseconds until the next `reconcile` is due, at most 1,000. */
  nextDue(): number;
}

/** Loads the state and creates its keeper. */
export async function createKeeper(options: KeeperOptions): Promise<Keeper> {
  const { haproxy, store, configs, time, sleep, log } = options;
  let state = await store.load();
  let queue: Promise<unknown> = Promise.resolve();
  let lastProblem = "";
  let settledAt = time().uptimeMs;
  let drainedAt = time().uptimeMs;

  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };

  /** On disk first: HAProxy may be starting at this moment, and an acknowledged commit must not be lost. */
  const adopt = async (next: EdgeState) => {
    if (next === state) return;
    try {
      await store.save(next);
    } finally {
      // If only writing the maps failed, state.json is already valid, and `reconcile` repairs the maps.
      state = await store.load();
    }
  };

  const apply = () => applyTo(haproxy, state);

  const applyInTime = async () => {
    const deadline = time().uptimeMs + liveWithinMs;
    for (;;) {
      try {
        return await apply();
      } catch (error) {
        if (time().uptimeMs >= deadline) throw new NotLive(messageOf(error));
        await sleep(100);
      }
    }
  };

  const view = async (): Promise<StateAnswer> => ({
    ...(await viewOf(state, haproxy, time())),
    config: await configs.view(),
    instance: options.instance,
  });

  const expire = async () => {
    const next = expired(state, time());
    if (next === state) return;
    const { lease, skew, candidate, committed } = state;
    if (lease && !next.lease)
      log(`the lease of ${candidate} expired; ${committed ?? "no color"} receives all requests`);
    if (skew && !next.skew) log(`users of ${skew.color} are no longer kept on it`);
    // In memory first: it must end even when the disk is not writable. On disk it has expired by itself.
    state = next;
    await store.save(next);
  };

  const drain = async () => {
    const [due, now] = [state.drain, time()];
    const sinceMs = now.uptimeMs - drainedAt;
    drainedAt = now.uptimeMs;
    if (due === null || !isOver(due, now)) return;
    if ((await closeSome(haproxy, due, sinceMs, now, options.random)) > 0) return;
    log(`no session of ${due.color} from before the commit remains`);
    state = { ...state, drain: null };
    await store.save(state);
  };

  return {
    change: (change) =>
      inOrder(async () => {
        await expire();
        const next = applyState(state, change, time());
        const announced = !isDeepStrictEqual(releaseEntries(next), releaseEntries(state));
        await adopt(next);
        await applyInTime();
        if (announced) settledAt = time().uptimeMs + settleMs;
        log(`${change.kind}: ${mapValue(state)}`);
        return view();
      }),
    putConfig: (text, hash) =>
      inOrder(async () => {
        const answer = await configs.put(text, hash);
        // A new worker reads the map file, which never contains a candidate.
        await applyInTime();
        if (answer.reloaded) log(`configuration ${hash.slice(0, 12)} is loaded`);
        return answer;
      }),
    view,
    async servers() {
      let [newest] = await haproxy.workers();
      const wait = Math.max(settledAt - time().uptimeMs, settleMs - newest.uptimeSeconds * 1_000);
      if (wait > 0) {
        await sleep(wait);
        [newest] = await haproxy.workers();
      }
      return { services: parseServers(await haproxy.ask(newest.pid, "show stat -1 4 -1")) };
    },
    async counters() {
      const [{ pid }] = await haproxy.workers();
      return parseCounters(await haproxy.ask(pid, "show table counters"), pid);
    },
    reconcile: () =>
      inOrder(async () => {
        const repair = () => store.repair(state);
        // Each on its own: a full disk must not stop a lease from ending, nor an invalid configuration the maps from
        // being set.
        const messages: string[] = [];
        for (const step of [expire, repair, apply, configs.finish, apply, configs.saveServers, drain])
          await step().catch((error: unknown) => messages.push(messageOf(error)));
        const [message = ""] = messages;
        // Logged once, not every second.
        if (message !== lastProblem) log(message || "HAProxy matches the state again");
        lastProblem = message;
      }),
    nextDue() {
      const now = time();
      const left = [state.lease, state.skew].map((deadline) => (deadline ? remainingMs(deadline, now) : 1_000));
      // While sessions are being closed, often enough that only a few are closed at a time.
      const draining = state.drain ? Math.max(250, remainingMs(state.drain, now)) : 1_000;
      return Math.max(10, Math.min(1_000, draining, ...left));
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
