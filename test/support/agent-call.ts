import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { TestStack } from "./stack.ts";

/** What the agent answered. */
export interface AgentAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** A connection to the edge's agent that stays open: tests call it many times a second. */
export interface AgentLine {
  /** @throws Error when the agent's container is gone, or ends before the answer */
  ask(method: string, path: string, body?: object): Promise<AgentAnswer>;
  close(): void;
}

/** Runs in the agent's container: one request a line on stdin, one answer a line on stdout. */
const script = `
const token = require("node:fs").readFileSync("/run/secrets/edge_token", "utf8").trim();
const headers = { authorization: "Bearer " + token, "content-type": "application/json" };
const answer = async ({ id, method, path, body }) => {
  try {
    const got = await fetch("http://127.0.0.1:8090" + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    return { id, status: got.status, body: await got.json() };
  } catch (error) {
    return { id, error: String(error.cause ?? error) };
  }
};
require("node:readline").createInterface({ input: process.stdin }).on("line", async (line) =>
  console.log(JSON.stringify(await answer(JSON.parse(line)))));`;

/** Calls the edge's agent from inside its own container, which requires access to the server's Docker. */
export function callAgent(stack: TestStack, method: string, path: string, body?: object): Promise<AgentAnswer> {
  return stack.agent.ask(method, path, body);
}

/** A running `docker exec`, and its requests without an answer. */
interface Exec {
  child: ChildProcess;
  waiting: Map<number, PromiseWithResolvers<AgentAnswer>>;
  isOver: boolean;
}

/**
 * One `docker exec` for all requests; a new one is started when the agent's container has changed.
 * @param container the id of the agent's container; empty while there is none
 */
export function agentLine(container: () => Promise<string>): AgentLine {
  let opening: Promise<Exec> | undefined;
  let open: Exec | undefined;
  let last = 0;

  const start = async () => {
    const id = await container();
    if (!id) throw new Error("the agent has no container");
    const waiting = new Map<number, PromiseWithResolvers<AgentAnswer>>();
    const child = spawn("docker", ["exec", "--interactive", id, "node", "-e", script], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const exec: Exec = { child, waiting, isOver: false };
    createInterface({ input: child.stdout }).on("line", (text) => {
      const { id: asked, error, ...answer } = JSON.parse(text) as AgentAnswer & { id: number; error?: string };
      const { resolve, reject } = waiting.get(asked) ?? Promise.withResolvers();
      waiting.delete(asked);
      if (error === undefined) resolve(answer);
      else reject(new Error(`the agent is unreachable: ${error}`));
    });
    child.stdin.on("error", () => undefined);
    child.once("close", () => {
      exec.isOver = true;
      for (const { reject } of waiting.values()) reject(new Error("the agent's container is gone"));
    });
    return exec;
  };

  return {
    async ask(method, path, body) {
      if (!open || open.isOver) {
        opening ??= start().finally(() => {
          opening = undefined;
        });
        open = await opening;
      }
      if (open.isOver) throw new Error("the agent's container is gone");
      const answer = Promise.withResolvers<AgentAnswer>();
      last += 1;
      open.waiting.set(last, answer);
      open.child.stdin?.write(`${JSON.stringify({ id: last, method, path, body })}\n`);
      return answer.promise;
    },
    close: () => open?.child.kill(),
  };
}
