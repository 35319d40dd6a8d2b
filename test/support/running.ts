import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { poll } from "./poll.ts";
import type { Outcome, TestStack } from "./stack.ts";

const root = resolve(import.meta.dirname, "../..");

/** A running command of the project. */
export interface Running {
  /** Resolves once it has printed this; rejects when it ends before, or after `seconds`. */
  prints(pattern: RegExp, seconds: number): Promise<void>;
  /** Kills its engine with SIGKILL, and waits until the command has ended too. */
  killEngine(): Promise<void>;
  readonly ended: Promise<Outcome>;
  /** Stops what is still running after a failed test. */
  abandon(): Promise<void>;
}

/** Starts a command of the project, such as a deploy, and does not wait until it ends. */
export function startCommand(stack: TestStack, ...argv: string[]): Running {
  const began = performance.now();
  const child = spawn(process.execPath, ["cli/main.ts", ...argv, "--stack", stack.name], {
    cwd: root,
    env: { ...process.env, ...stack.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [text, stdout, over] = ["", "", false];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      text += chunk;
    });
  const ended = new Promise<Outcome>((done) =>
    child.on("close", (code) => {
      over = true;
      done({ code: code ?? 1, text, stdout, seconds: (performance.now() - began) / 1000 });
    }),
  );
  return {
    ended,
    async prints(pattern, seconds) {
      const ordersRead = await poll(`${argv.join(" ")} prints ${pattern}`, seconds, async () => {
        if (pattern.test(text)) return true;
        return over ? false : undefined;
      });
      assert.ok(ordersRead, `ended before it printed ${pattern}: ${text}`);
    },
    async killEngine() {
      const engine = await poll("the engine's process", 5, () => engineBelow(child.pid ?? 0));
      process.kill(engine, "SIGKILL");
      assert.notEqual((await ended).code, 0);
    },
    async abandon() {
      if (over) return;
      const engine = await engineBelow(child.pid ?? 0);
      if (engine !== undefined) process.kill(engine, "SIGKILL");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function engineBelow(pid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  for (const child of children.trim().split(" ").filter(Boolean).map(Number))
    if ((await readFile(`/proc/${child}/comm`, "utf8")).trim() === "pulumi") return child;
  return undefined;
}
