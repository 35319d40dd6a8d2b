import { randomUUID } from "node:crypto";
import { Agent, type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** A request that did not get the expected answer. */
export interface Lost {
  at: string;
  method: string;
  path: string;
  connection: "kept" | "new";
  why: string;
  /** The color that answered, by the header; undefined without an answer or without the header. */
  color?: string;
}

/** The results of all requests. */
export interface LoadReport {
  sent: number;
  /** Answered with a 2xx. */
  answered: number;
  lost: Lost[];
  /** Answers by color. */
  byColor: Record<string, number>;
  /** Leads answered with 201: each must be in the database exactly once. */
  leads: number;
  seconds: number;
}

/** How many users, and how they behave. */
export interface Users {
  /** How many at once. Default 6. */
  users?: number;
  /** Milliseconds between two requests of one user. Default 40. */
  pause?: number;
  /** Calculations for each page and each write. Default 1. */
  calculations?: number;
}

type Failure = Pick<Lost, "why" | "color">;

/** A running load. */
export interface Load {
  /** Requests answered with a 2xx so far. */
  answered(): number;
  /** Requests lost so far. */
  lost(): number;
  /** Resolves once this many more requests have been answered. */
  more(requests: number): Promise<void>;
  /** Waits until every request in progress has ended, and reports all of them. */
  stop(): Promise<LoadReport>;
}

interface Shot {
  method: "GET" | "POST";
  path: string;
  body?: unknown;
}

/** The mix: a page, calculations and a write; each user sends it in turn. */
function shots(calculations: number): Shot[] {
  const calculation: Shot = {
    ...{ method: "POST", path: "/v1/estimate" },
    body: { beds: 2, baths: 1, cleaning_type: "standard" },
  };
  return [
    { method: "GET", path: "/" },
    ...Array.from({ length: calculations }, () => calculation),
    {
      method: "POST",
      path: "/v1/leads",
      body: { beds: 2, baths: 1, name: "Load", phone: "555-0100", client_id: randomUUID() },
    },
  ];
}

/**
 * Users of a system on this machine: half keep their connection, half open a new one for each request. No
 * request is retried, so each unanswered one is counted.
 * @param url the public entrance
 */
export function startLoad(url: string, { users = 6, pause = 40, calculations = 1 }: Users = {}): Load {
  const report: LoadReport = { sent: 0, answered: 0, lost: [], byColor: {}, leads: 0, seconds: 0 };
  const began = performance.now();
  let running = true;
  const run = async (user: number) => {
    const kept = user % 2 === 0;
    const agent = kept ? new Agent({ keepAlive: true, maxSockets: 1 }) : false;
    while (running) {
      for (const shot of shots(calculations)) {
        report.sent++;
        const failure = await fire(url, shot, agent, report).catch(
          (error: NodeJS.ErrnoException): Failure => ({ why: error.code ?? error.message }),
        );
        if (failure)
          report.lost.push({
            at: new Date().toISOString(),
            method: shot.method,
            path: shot.path,
            connection: kept ? "kept" : "new",
            ...failure,
          });
        else report.answered++;
        if (pause > 0) await delay(pause);
      }
    }
    if (agent) agent.destroy();
  };
  const loops = Array.from({ length: users }, (_, user) => run(user));
  return {
    answered: () => report.answered,
    lost: () => report.lost.length,
    async more(requests) {
      const goal = report.answered + requests;
      const deadline = performance.now() + 60_000;
      while (report.answered < goal) {
        if (performance.now() > deadline) throw new Error(`no ${requests} answers within a minute`);
        await delay(20);
      }
    },
    async stop() {
      running = false;
      await Promise.all(loops);
      report.seconds = (performance.now() - began) / 1000;
      return report;
    },
  };
}

/** @returns undefined when it was answered with a 2xx, else why not */
async function fire(url: string, shot: Shot, agent: Agent | false, report: LoadReport): Promise<Failure | undefined> {
  const text = shot.body === undefined ? "" : JSON.stringify(shot.body);
  const headers = text ? { "content-type": "application/json", "content-length": Buffer.byteLength(text) } : {};
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const signal = AbortSignal.timeout(30_000);
    const sent = request(new URL(shot.path, url), { method: shot.method, headers, agent, signal }, resolve);
    sent.on("error", reject);
    sent.end(text);
  });
  await new Promise<void>((resolve, reject) => {
    answer.on("error", reject).on("end", resolve).resume();
  });
  const status = answer.statusCode ?? 0;
  const color = String(answer.headers["x-turnout-color"] ?? "unknown");
  if (status < 200 || status > 299) return { why: `status ${status}`, color };
  report.byColor[color] = (report.byColor[color] ?? 0) + 1;
  if (status === 201) report.leads++;
  return undefined;
}
