import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import type { Color } from "../../core/color.ts";
import type { Commit } from "../../core/edge/commit.ts";
import {
  type ConfigAnswer,
  type CountersAnswer,
  configAnswer,
  countersAnswer,
  errorAnswer,
  type ServersAnswer,
  type StateAnswer,
  serversAnswer,
  stateAnswer,
} from "../../core/edge/schema.ts";
import { StepError } from "../../core/errors.ts";

export type { ConfigAnswer, CountersAnswer, ServersAnswer, StateAnswer };

/** The agent was unreachable, or gave no valid answer, until the deadline. */
export class EdgeUnreachable extends StepError {
  override name = "EdgeUnreachable";
}

/** The agent refused: the call does not fit the edge's state. Asking again changes nothing. */
export class EdgeRefused extends StepError {
  override name = "EdgeRefused";
  readonly status: number;
  /** The agent's code, such as `committed-differs` or `unauthorized`. */
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(`the edge refused: ${message.replace(/\.$/, "")}`);
    this.status = status;
    this.code = code;
  }
}

/** HAProxy rejected the configuration; the previous one is still in use. */
export class EdgeConfigInvalid extends StepError {
  override name = "EdgeConfigInvalid";
  /** The messages of HAProxy's parser. */
  readonly words: string;
  constructor(words: string) {
    super(`HAProxy rejected the edge's new configuration; the previous one is still in use:\n${words}`);
    this.words = words;
  }
}

/** Until the deadline HAProxy did not do what the agent has on disk; it will once it is up. */
export class EdgeNotLive extends StepError {
  override name = "EdgeNotLive";
}

/** What the client is made of. */
export interface EdgeClientOptions {
  /** The agent's address, such as `http://tasks.turnout-dev-agent:8090`. */
  baseUrl: string;
  token: string;
  /** How long a call may take with all its tries, in milliseconds. Default 30,000. */
  deadlineMs?: number;
}

/** How long a single try may take, in milliseconds: a reload may take 15,000. */
const tryMs = 20_000;

/**
 * Calls of the edge's agent. Every call may be made twice with the same outcome, so each is tried again
 * while the agent is unreachable or HAProxy is down, until the deadline; a refusal is final at once.
 * @throws EdgeUnreachable, EdgeRefused, EdgeConfigInvalid, EdgeNotLive
 */
export interface EdgeClient {
  state(): Promise<StateAnswer>;
  /**
   * Says which release a color is to run; replicas that show another get no requests. `also` names a second one to be
   * trusted until the next announcement of the color, for replacing its replicas one after the other.
   */
  announce(color: Color, release: string, also?: string): Promise<StateAnswer>;
  /**
   * All traffic to the color. Returns only when HAProxy does it. Users whose cookie names the color before stay there
   * for `skewMs` while it has replicas; what began there before is closed, spread over `drainSpreadMs`, after
   * `drainMs`.
   */
  commit(commit: Commit): Promise<StateAnswer>;
  /** No user stays with the color before any longer. */
  endSkew(): Promise<StateAnswer>;
  /** Gives a color `weight` percent for as long as the lease lasts. */
  setCandidate(candidate: { color: Color; weight: number; leaseMs: number }): Promise<StateAnswer>;
  /** From now on the candidate has `leaseMs` again. */
  renewLease(leaseMs: number): Promise<StateAnswer>;
  /** Back to the committed color for every request. */
  clearCandidate(): Promise<StateAnswer>;
  /**
   * With `on`, the public entrance answers 503 to everything, with Retry-After (seconds, 1 to 86,400, default 120); the
   * preview is as before. A commit leaves it as it is.
   */
  setMaintenance(maintenance: { on: boolean; retryAfterSeconds?: number }): Promise<StateAnswer>;
  putConfig(config: { text: string; hash: string }): Promise<ConfigAnswer>;
  servers(): Promise<ServersAnswer>;
  counters(): Promise<CountersAnswer>;
}

/** @see EdgeClient */
export function createEdgeClient({ baseUrl, token, deadlineMs = 30_000 }: EdgeClientOptions): EdgeClient {
  // A set clock moves no deadline.
  const now = () => performance.now();

  const once = async <T extends z.ZodType>(method: string, path: string, schema: T, body: unknown, ms: number) => {
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(new URL(path, baseUrl), {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        signal: AbortSignal.timeout(ms),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      answer = await response.json();
    } catch (error) {
      throw new EdgeUnreachable(`the edge's agent at ${baseUrl} is unreachable: ${reason(error)}`);
    }
    if (response.ok) {
      const parsed = schema.safeParse(answer);
      if (parsed.success) return parsed.data;
      throw new EdgeUnreachable(`${baseUrl}${path} gave an answer that is not of the edge's agent of this version`);
    }
    throw refusal(response.status, answer, baseUrl);
  };

  const call = async <T extends z.ZodType>(method: string, path: string, schema: T, body?: unknown) => {
    const deadline = now() + deadlineMs;
    let notLive: EdgeNotLive | undefined;
    for (let pause = 100; ; pause = Math.min(pause * 2, 1_000)) {
      try {
        return await once(method, path, schema, body, Math.max(1, Math.ceil(Math.min(tryMs, deadline - now()))));
      } catch (error) {
        if (error instanceof EdgeNotLive) notLive = error;
        else if (!(error instanceof EdgeUnreachable)) throw error;
        // That it is on disk is worth more than that the last try timed out.
        if (now() + pause >= deadline) throw notLive ?? error;
        await delay(pause);
      }
    }
  };

  return {
    state: () => call("GET", "/v1/state", stateAnswer),
    announce: (color, release, also) => call("PUT", "/v1/releases", stateAnswer, { color, release, also }),
    commit: (commit) => call("POST", "/v1/commit", stateAnswer, commit),
    endSkew: () => call("DELETE", "/v1/skew", stateAnswer),
    setCandidate: (candidate) => call("PUT", "/v1/candidate", stateAnswer, candidate),
    renewLease: (leaseMs) => call("POST", "/v1/lease", stateAnswer, { leaseMs }),
    clearCandidate: () => call("DELETE", "/v1/candidate", stateAnswer),
    setMaintenance: (maintenance) => call("PUT", "/v1/maintenance", stateAnswer, maintenance),
    putConfig: (config) => call("PUT", "/v1/config", configAnswer, config),
    servers: () => call("GET", "/v1/servers", serversAnswer),
    counters: () => call("GET", "/v1/counters", countersAnswer),
  };
}

function refusal(status: number, answer: unknown, baseUrl: string): Error {
  const parsed = errorAnswer.safeParse(answer);
  if (!parsed.success) return new EdgeUnreachable(`${baseUrl} answered ${status}, but not as the edge's agent`);
  const { error, message, words } = parsed.data;
  if (error === "invalid-config") return new EdgeConfigInvalid(words ?? message);
  if (status === 503) return new EdgeNotLive(message.replace(/\.$/, ""));
  return new EdgeRefused(status, error, message);
}

/** fetch wraps what happened: the cause has the code, such as ECONNREFUSED. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}
