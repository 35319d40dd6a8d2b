import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { applyState } from "../../core/edge/apply.ts";
import { type EdgeState, initialState } from "../../core/edge/state.ts";
import { StepError } from "../../core/errors.ts";
import type { SoakInput } from "../../core/jobs/inputs.ts";
import type { JournalEvent } from "../../core/journal/records.ts";
import { defaultThresholds } from "../../core/verdict/thresholds.ts";
import type { Verdict } from "../../core/verdict/verdict.ts";
import type { JobContext } from "../../jobs/context.ts";
import { EdgeUnreachable } from "../../jobs/edge/client.ts";
import { Journal } from "../../jobs/journal.ts";
import { type SoakEnd, startSoak } from "../../jobs/soak/soak.ts";
import { soakOf } from "../../jobs/soak/tools.ts";

/** The input of a soak: green 1.1.0 is watched for ten minutes, blue 1.0.0 was active before. */
export const soakInput: SoakInput = {
  ...{ prefix: "turnout-test", color: "green", version: "1.1.0", release: "1.1.0-0badcafe" },
  edge: {
    agentUrl: "http://agent",
    publicUrl: "http://public",
    previewUrl: "http://preview",
    insideUrl: "http://inside",
  },
  web: [{ service: "api", replicas: 2 }],
  thresholds: defaultThresholds,
  ...{ probes: [], metrics: null, soak: 600, ordersRead: 0, hold: 120, drain: 900, workerGrace: 30, timeout: 60 },
  from: { color: "blue", release: "1.0.0-deadbeef", version: "1.0.0" },
  workers: { blue: [{ service: "jobs", replicas: 1 }], green: [{ service: "jobs", replicas: 1 }] },
};

/** Where the job is killed. `unanswered`: the edge commits, and the job gets no answer. */
export type Death = "reverting" | "unanswered" | "ended";

/** The end of a job that was killed. */
export class Killed extends Error {}

/** The world of a soak: an edge by its own rules, a real journal, and a clock that only sleeping moves. */
export class SoakWorld {
  edge: EdgeState;
  readonly journal: Journal;
  /** Jobs it started: verb and color. */
  readonly started: string[] = [];
  /** What the watch finds, sample by sample; the last one for ever after. An error is thrown. */
  samples: (Verdict["kind"] | Error)[] = ["good"];
  /** What happens before a sample, by its number from 0. */
  before: Record<number, () => unknown> = {};
  /** What happens while it waits for the journal's lock. */
  whileWaiting: () => unknown = () => undefined;
  /** Replicas that Docker is to run, by a service's whole name. */
  wanted = new Map<string, number>();
  /** Replicas of blue that the edge trusts. */
  warm = 2;
  dies: Death | null = null;
  /** Milliseconds by which the wall clock was set forward. */
  setForward = 0;
  sampled = 0;
  #full = false;
  #now = 0;
  readonly #time = { bootId: "boot", uptimeMs: 0, wallMs: 0 };

  constructor(t: TestContext) {
    const directory = mkdtempSync(join(tmpdir(), "turnout-soak-"));
    t.after(() => rmSync(directory, { recursive: true }));
    this.journal = new Journal(directory);
    this.edge = initialState("fresh");
    this.change({ kind: "announce", color: "blue", release: soakInput.from.release });
    this.change({ kind: "announce", color: "green", release: soakInput.release });
    this.change({ kind: "commit", color: "green", epoch: "of-the-shift" });
  }

  change(change: Parameters<typeof applyState>[1]): void {
    this.edge = applyState(this.edge, change, this.#time);
  }

  /** Runs the job once, to its end or its death. */
  run(input: SoakInput = soakInput): Promise<SoakEnd> {
    return startSoak(
      soakOf({
        ...{ name: "turnout-test-soak-1", input, context: this.context() },
        address: { ...input.edge, token: "the token" },
        watch: { assess: () => this.#sample(), restart: () => undefined, end: async () => undefined },
      }),
    );
  }

  /** From now on the journal takes nothing. */
  fill(): void {
    this.#full = true;
  }

  /** From now on it does again. */
  room(): void {
    this.#full = false;
  }

  /** A person's order, as `ops abort` writes it. */
  order(event: "abort" | "pause"): Promise<string> {
    return this.journal.append({ step: "order", event, color: "green", version: "1.1.0", release: "1.1.0-0badcafe" });
  }

  /** The soak's records without times and names. */
  async history(): Promise<Record<string, unknown>[]> {
    const own = (await this.journal.read()).records.filter((one) => one.step === "soak");
    return own.map(
      ({ v: _, prev: _p, at: _at, step: _s, operator: _o, color: _c, version: _v, release: _r, soak: _n, ...rest }) =>
        rest,
    );
  }

  /** Milliseconds since the beginning. */
  get passed(): number {
    return this.#now;
  }

  context(): JobContext {
    const append = async (event: JournalEvent) => {
      if (this.#full) throw new StepError("Cannot write to the journal: no space left on device");
      if (this.dies === "ended" && event.event === "ended") throw new Killed();
      await this.journal.append(event);
      if (this.dies === "reverting" && event.event === "reverting") throw new Killed();
    };
    const lock = async () => {
      await this.whileWaiting();
      return this.journal.lock(1);
    };
    const journal = { read: () => this.journal.read(), lock, append };
    const edge = {
      state: async () => this.edge,
      servers: async () => ({ services: [{ color: "blue", service: "api", up: this.warm }] }),
      commit: async (commit: { color: "blue"; epoch: string }) => {
        this.change({ ...commit, kind: "commit" });
        if (this.dies === "unanswered") throw new EdgeUnreachable("no answer");
      },
    };
    const startJob = async (_prefix: string, verb: string, input: { color: string }) => {
      this.started.push(`${verb} ${input.color}`);
    };
    return {
      ...{
        journal,
        docker: { startJob, wantedReplicas: async () => this.wanted },
        edge: () => edge,
        say: () => undefined,
      },
      interrupted: () => new AbortController().signal,
      now: () => new Date(Date.parse("2026-11-22T08:00:00.000Z") + this.#now + this.setForward),
      monotonic: () => this.#now,
      sleep: async (milliseconds: number) => {
        this.#now += milliseconds;
      },
    } as unknown as JobContext;
  }

  async #sample() {
    const at = this.sampled++;
    await this.before[at]?.();
    const seen = this.samples[Math.min(at, this.samples.length - 1)] ?? "good";
    if (seen instanceof Error) throw seen;
    const verdict: Verdict = { kind: seen, reasons: [`${seen} by the figures`], warnings: [] };
    return { verdict, text: "figures", sample: {} as never };
  }
}
