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

/** What the agent needs of the world. */
export interface KeeperOptions {
  haproxy: Haproxy;
  store: Store;
  configs: Configs;
  time: () => EdgeTime;
  sleep: (milliseconds: number) => Promise<unknown>;
  log: (line: string) => void;
  /** Draws from 0 to 1. */
  random: () => number;
  /** Random for each start. */
  instance: string;
}

/** How long a change may take to be live before the request for it fails, in milliseconds. */
const liveWithinMs = 5_000;

/**
 * How long the health checks may take to notice another release, and a fresh worker to check everybody, in milliseconds:
 * two failed ones in a row, and their answers.
 */
const settleMs = 1_500;

/** Holds the edge's state and sees that HAProxy does it. One thing at a time, in the order asked. */
export interface Keeper {
  change(change: EdgeChange): Promise<StateAnswer>;
  putConfig(text: string, hash: string): Promise<ConfigAnswer>;
  view(): Promise<StateAnswer>;
  /** By checks that were made after the last announcement and by the worker that serves: it waits for them, up to 1.5 s. */
  servers(): Promise<ServersAnswer>;
  counters(): Promise<CountersAnswer>;
  /** Ends what has run out, closes what is due, and mends whatever differs from the state. Never throws. */
  reconcile(): Promise<void>;
  /** Milliseconds until the next `reconcile` is due, at most 1,000. */
  nextDue(): number;
}

/** Loads the state and gives its keeper. */
export async function createKeeper(options: KeeperOptions): Promise<Keeper> {
  const { haproxy, store, configs, time, sleep, log } = options;
  let state = await store.load();
  let queue: Promise<unknown> = Promise.resolve();
  let trouble = "";
  let settledAt = time().uptimeMs;
  let drainedAt = time().uptimeMs;

  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };

  /** On disk first: HAProxy may be starting just now, and a commit that was announced must not be lost. */
  const adopt = async (next: EdgeState) => {
    if (next === state) return;
    try {
      await store.save(next);
    } finally {
      // Should only the maps have failed, state.json counts already, and `mend` brings them after it.
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
    if (lease && !next.lease) log(`the lease of ${candidate} ran out; ${committed ?? "no color"} takes all requests`);
    if (skew && !next.skew) log(`visitors of ${skew.color} are no longer kept there`);
    // In memory first: it must end even when the disk cannot be written. On disk it has run out by itself.
    state = next;
    await store.save(next);
  };

  const drain = async () => {
    const [due, now] = [state.drain, time()];
    const sinceMs = now.uptimeMs - drainedAt;
    drainedAt = now.uptimeMs;
    if (due === null || !isOver(due, now)) return;
    if ((await closeSome(haproxy, due, sinceMs, now, options.random)) > 0) return;
    log(`nothing is left of ${due.color} from before the commit`);
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
        // A fresh worker reads the map file, which never holds a candidate.
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
        // Each on its own: a full disk must not keep a lease from ending, nor a broken configuration the maps from being set.
        const messages: string[] = [];
        for (const step of [expire, repair, apply, configs.finish, apply, configs.noteServers, drain])
          await step().catch((error: unknown) => messages.push(messageOf(error)));
        const [message = ""] = messages;
        // Told once, not every second.
        if (message !== trouble) log(message || "HAProxy does what the state says again");
        trouble = message;
      }),
    nextDue() {
      const now = time();
      const left = [state.lease, state.skew].map((deadline) => (deadline ? remainingMs(deadline, now) : 1_000));
      // Once sessions are being closed, often enough that a few at a time are.
      const draining = state.drain ? Math.max(250, remainingMs(state.drain, now)) : 1_000;
      return Math.max(10, Math.min(1_000, draining, ...left));
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
