import assert from "node:assert/strict";
import { test } from "node:test";
import { StepError } from "../../core/errors.ts";
import type { HandoverInput } from "../../core/jobs/inputs.ts";
import { handover } from "../../jobs/commands/handover.ts";
import type { JobContext } from "../../jobs/context.ts";
import type { ServiceState } from "../../jobs/swarm/docker.ts";

const input: HandoverInput = {
  ...{ prefix: "shop", color: "green", release: "1.1.0-0badcafe", workerGrace: 60, timeout: 20 },
  workers: { blue: [{ service: "jobs", replicas: 1 }], green: [{ service: "jobs", replicas: 2 }] },
};

/** A Swarm whose workers take their time, by a clock that only sleeping moves. */
class Workers {
  readonly wanted: Record<string, number> = { "shop-blue-jobs": 1, "shop-green-jobs": 0 };
  /** Alive in each moment that somebody looked, blue and green. */
  readonly seen: string[] = [];
  readonly #changed: Record<string, number> = {};
  #now = 0;
  readonly secondsToEnd: number;
  readonly secondsToStart: number;

  constructor(secondsToEnd: number, secondsToStart = 2) {
    this.secondsToEnd = secondsToEnd;
    this.secondsToStart = secondsToStart;
  }

  get context(): JobContext {
    return {
      docker: {
        scale: async (name: string, replicas: number) => {
          if (this.wanted[name] === replicas) return;
          this.wanted[name] = replicas;
          this.#changed[name] = this.#now;
        },
        services: async () => {
          const states = Object.keys(this.wanted).map((name) => this.#stateOf(name));
          this.seen.push(states.map(({ alive }) => alive).join(" "));
          return states;
        },
      },
      monotonic: () => this.#now,
      sleep: async (milliseconds: number) => {
        this.#now += milliseconds;
      },
    } as unknown as JobContext;
  }

  get passed(): number {
    return this.#now / 1_000;
  }

  #stateOf(name: string): ServiceState {
    const wanted = this.wanted[name] ?? 0;
    const since = (this.#now - (this.#changed[name] ?? Number.NEGATIVE_INFINITY)) / 1_000;
    const ended = wanted === 0 && since >= this.secondsToEnd;
    const running = wanted > 0 && since >= this.secondsToStart ? wanted : 0;
    return { name, labels: {}, env: {}, wanted, running, alive: wanted === 0 && !ended ? 1 : wanted };
  }
}

test("the new workers start when the last old one has ended its work, and not before", async () => {
  const workers = new Workers(45);
  await handover(input, workers.context);
  assert.deepEqual(workers.wanted, { "shop-blue-jobs": 0, "shop-green-jobs": 2 });
  assert.deepEqual([...new Set(workers.seen)], ["1 0", "0 0", "0 2"], "never both at once");
  assert.equal(Math.round(workers.passed), 47);
});

test("the old ones have their whole grace time and what Docker needs to see it", async () => {
  await handover(input, new Workers(80).context);
  const stubborn = new Workers(120);
  await assert.rejects(
    handover(input, stubborn.context),
    new StepError("The workers shop-blue-jobs did not settle after 90 s: shop-blue-jobs: 1 still running"),
  );
  assert.equal(stubborn.wanted["shop-green-jobs"], 0, "better that neither works than both");
});

test("handed over already, it changes nothing; back again, it is the other way round", async () => {
  const workers = new Workers(10);
  await handover(input, workers.context);
  const { passed } = workers;
  await handover(input, workers.context);
  assert.equal(workers.passed, passed);
  workers.seen.length = 0;
  await handover({ ...input, color: "blue" }, workers.context);
  assert.deepEqual([...new Set(workers.seen)], ["0 1", "0 0", "1 0"]);
});

test("without an old color the new one's workers just start", async () => {
  const workers = new Workers(600);
  await handover({ ...input, workers: { ...input.workers, blue: [] } }, workers.context);
  assert.equal(workers.wanted["shop-green-jobs"], 2);
});
