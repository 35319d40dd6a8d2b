import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Color, colors, type PerColor } from "../../core/color.ts";
import { applyState, type EdgeChange, expire } from "../../core/edge/apply.ts";
import { type EdgeState, initialState } from "../../core/edge/state.ts";
import { StepError } from "../../core/errors.ts";
import type { ShiftInput } from "../../core/jobs/inputs.ts";
import type { JournalEvent, JournalRecord } from "../../core/journal/records.ts";
import { type Figures, noFigures } from "../../core/verdict/figures.ts";
import { defaultThresholds } from "../../core/verdict/thresholds.ts";
import type { JobContext } from "../../jobs/context.ts";
import type { DatabaseHealth } from "../../jobs/database/health.ts";
import { type EdgeClient, EdgeUnreachable } from "../../jobs/edge/client.ts";
import { Journal } from "../../jobs/journal.ts";

/** Something that happens the first time the shift reads the figures after so many seconds. */
type Happening = (world: ShiftWorld) => unknown;

/** What a job does to the world, as its tools call it. Reading changes nothing. */
const effects = "append announce commit setCandidate clearCandidate setMaintenance startJob startSoak scale".split(" ");

/**
 * A shift's world without containers: the edge by its own rules, a journal on the disk, and a clock that only sleeping
 * moves. Requests arrive by themselves: each second the active color and the candidate answer their shares of them.
 */
export class ShiftWorld {
  readonly journal = new Journal(mkdtempSync(join(tmpdir(), "turnout-shift-")), {
    operator: "bob",
    // Its jobs run one after the other in this process.
    takeLock: async () => async () => undefined,
  });
  readonly said: string[] = [];
  /** Jobs started beside the shift, by their verb and the color they are about. */
  readonly started: string[] = [];
  edge: EdgeState = initialState("e0");
  /** Requests a second, and the share of them that each color fails. */
  requests = 100;
  failing: PerColor<number> = { blue: 0, green: 0 };
  ready: PerColor<number> = { blue: 1, green: 1 };
  /** Replicas that Docker is to run, by a service's whole name; services not named here do not exist. */
  wanted: Map<string, number> | Error = new Map();
  monitor: DatabaseHealth = { connections: { used: 5, max: 100 }, error: null };
  readonly interrupt = new AbortController();
  /** The job is dead: nothing it does has an effect. */
  dead = false;
  /**
   * The job dies at this one of its effects, counted from 0; with `done` the effect has happened, and it never knows.
   */
  dies: { at: number; done: boolean } | null = null;
  /** How many effects it had. */
  effects = 0;
  /** The journal's disk takes nothing. */
  full = false;
  /** Happens right after a record of the job. */
  onAppend: ((record: JournalEvent) => Promise<void>) | undefined;
  /** The edge's agent is unreachable. */
  away = false;
  #now = 1_000;
  #counters: PerColor<Figures> = { blue: noFigures, green: noFigures };
  readonly #happenings: { at: number; what: Happening }[] = [];

  constructor() {
    for (const color of colors) this.change({ kind: "announce", color, release: `${color}-1` });
    this.change({ kind: "commit", color: "blue", epoch: "e0" });
  }

  /** Lets something happen so many seconds from now. */
  after(seconds: number, what: Happening): void {
    this.#happenings.push({ at: this.#now + seconds * 1_000, what });
  }

  change(change: EdgeChange): void {
    this.edge = applyState(this.edge, change, this.#time());
  }

  /** Time passes: requests arrive, leases run out, and what was to happen does. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 100) {
      this.#now += Math.min(100, left);
      this.edge = expire(this.edge, this.#time());
      this.#respond(this.requests / 10);
      const due = this.#happenings.findIndex(({ at }) => at <= this.#now);
      const [happening] = due >= 0 ? this.#happenings.splice(due, 1) : [];
      await happening?.what(this);
    }
  }

  input(change: Partial<ShiftInput> = {}): ShiftInput {
    return {
      ...{ prefix: "shop-prod", color: "green", version: "1", release: "green-1", epoch: "e0" },
      edge: { agentUrl: "", token: "", publicUrl: "", previewUrl: "", insideUrl: "" },
      database: { host: "", port: 1, name: "", user: "", password: "", sslmode: "disable" },
      strategy: "canary",
      rollout: {
        steps: [
          { weight: 10, seconds: 5 },
          { weight: 50, seconds: 5 },
        ],
        ...{ bake: 5, soak: 0, hold: 10, inconclusive: "rollback", skew: 60, drain: 60 },
      },
      thresholds: { ...defaultThresholds, window: 10 },
      web: [{ service: "api", replicas: 1 }],
      workers: { blue: [], green: [] },
      ...{ probes: [], metrics: null, ready: [], timeout: 5, workerGrace: 5, soakSecrets: [] },
      ...change,
    };
  }

  context(): JobContext {
    return {
      journal: this.#mortal({
        append: async (event: JournalEvent) => {
          if (this.full) throw new StepError("Cannot write to the journal: no space left on device");
          const head = await this.journal.append(event);
          await this.onAppend?.(event);
          return head;
        },
        read: () => this.journal.read(),
      }) as unknown as JobContext["journal"],
      docker: this.#mortal({
        startJob: async (_prefix: string, verb: string, { color }: { color: Color }) => {
          this.started.push(`${verb} ${color}`);
        },
        startSoak: async () => void this.started.push("soak"),
        wantedReplicas: async () => {
          if (this.wanted instanceof Error) throw this.wanted;
          return this.wanted;
        },
        scale: async (service: string, replicas: number) => {
          if (!(this.wanted instanceof Error)) this.wanted.set(service, replicas);
          this.started.push(`scale ${service} ${replicas}`);
        },
      }) as unknown as JobContext["docker"],
      edge: () => this.#mortal(this.#client()),
      monitor: () => ({ check: async () => this.monitor, end: async () => undefined }),
      interrupted: () => this.interrupt.signal,
      say: (line) => this.said.push(line),
      now: () => new Date(this.#now),
      monotonic: () => this.#now,
      sleep: (milliseconds) => this.pass(milliseconds),
    };
  }

  /** The shift's own records: event, and what it is about. */
  async history(): Promise<string[]> {
    return (await this.journal.read()).records.filter(({ step }) => step === "shift").map(describe);
  }

  #client(): EdgeClient {
    const state = () => {
      if (this.away) throw new EdgeUnreachable("the edge's agent does not answer");
      const { committed, candidate, weight, releases, epoch, maintenance } = this.edge;
      return { committed, candidate, weight, releases, epoch, maintenance, live: { committed, candidate, weight } };
    };
    const change = async (one: EdgeChange) => {
      this.change(one);
      return state();
    };
    const client = {
      state: async () => state(),
      announce: (color: Color, release: string) => change({ kind: "announce", color, release }),
      commit: (commit: object) => change({ kind: "commit", ...commit } as EdgeChange),
      setCandidate: (candidate: object) => change({ kind: "candidate", ...candidate } as EdgeChange),
      renewLease: (leaseMs: number) => change({ kind: "renew", leaseMs }),
      clearCandidate: () => change({ kind: "withdraw" }),
      setMaintenance: (maintenance: object) => change({ kind: "maintenance", ...maintenance } as EdgeChange),
      servers: async () => ({ services: colors.map((color) => ({ color, service: "api", up: this.ready[color] })) }),
      counters: async () => ({ worker: 1, public: this.#counters, preview: this.#counters }),
    };
    return client as unknown as EdgeClient;
  }

  /** What a job reaches the world by; a dead one reaches nothing. */
  #mortal<T extends object>(tools: T): T {
    return new Proxy(tools, {
      get: (target, name) => {
        const own: unknown = Reflect.get(target, name);
        if (typeof own !== "function") return own;
        return async (...args: unknown[]): Promise<unknown> => {
          const { dies } = this;
          if (!this.dead && effects.includes(String(name)) && this.effects++ === dies?.at) {
            this.dead = true;
            if (dies.done) await Reflect.apply(own, target, args);
          }
          if (this.dead) throw new Error("killed");
          return Reflect.apply(own, target, args);
        };
      },
    });
  }

  #respond(count: number): void {
    const { committed, candidate, weight } = this.edge;
    const shares: [Color | null, number][] = [
      [candidate, weight / 100],
      [committed, 1 - weight / 100],
    ];
    for (const [color, share] of shares) {
      if (!color) continue;
      const before = this.#counters[color];
      const answers = before.answers + count * share;
      const errors5xx = before.errors5xx + count * share * this.failing[color];
      const figures = { ...before, requests: answers, answers, errors5xx, upTo100: answers };
      this.#counters = { ...this.#counters, [color]: figures };
    }
  }

  #time() {
    return { bootId: "boot", uptimeMs: this.#now, wallMs: this.#now };
  }
}

function describe(record: JournalRecord): string {
  if (record.event === "step") return `step ${record.weight} %`;
  const stage = "stage" in record ? record.stage : undefined;
  const outcome = "outcome" in record ? `${record.outcome}${record.blame ? ", at fault" : ""}` : undefined;
  return [record.event, stage, outcome].filter(Boolean).join(" ");
}
