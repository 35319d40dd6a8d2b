import { join, resolve } from "node:path";
import { describeError, exitCode } from "../core/errors.ts";
import { engineEnvironment } from "./engine.ts";
import { clearInterrupted } from "./interrupted.ts";
import { ensureSetup, requireSetup, setupSteps } from "./setup.ts";
import { changes, configured, namedStack, selectedStack } from "./stack.ts";
import { diagnose } from "./step.ts";

const root = resolve(import.meta.dirname, "..");

/** A task of `start.mjs`; its result is the exit code, unless another program replaces this one. */
type Task = (argv: string[]) => Promise<number>;

/** The tasks of the npm scripts. Every other name is a command and goes to `cli/main.ts`. */
const tasks: Record<string, Task> = {
  setup: async () => {
    await ensureSetup(root);
    return 0;
  },
  doctor: async () => ((await diagnose(setupSteps(root), console.log)) ? 0 : 1),
  pulumi: async (argv) => {
    await ensureSetup(root);
    const stack = await selectedStack(argv, engineEnvironment(root));
    const { pulumi, env } = engineEnvironment(root, stack);
    if (stack && changes(argv))
      await clearInterrupted({
        ...{ pulumi, env, stack },
        project: "turnout",
        dockerHost: (await configured(pulumi, env, stack, "docker:host")) ?? process.env.DOCKER_HOST ?? "",
        say: (line) => console.error(line),
      });
    return replaceProcess(pulumi, argv, env);
  },
  // It runs the set-up itself, if the selected tests need it.
  test: async (argv) => replaceProcess(process.execPath, [join(root, "test", "run.ts"), ...argv], {}),
  bench: async ([name = "flip", ...argv]) => {
    await ensureSetup(root);
    return replaceProcess(process.execPath, [join(root, "bench", `${name}.ts`), ...argv], engineEnvironment(root).env);
  },
};

/** Commands that only check the set-up: they should not spend minutes on building an engine. */
const withoutSetup = new Set(["ops", "demo:down"]);

async function command(task: string, argv: string[]): Promise<number> {
  await (withoutSetup.has(task) ? requireSetup(root) : ensureSetup(root));
  // As the command itself reads it: the selected stack does not matter here.
  const { env } = engineEnvironment(root, namedStack(argv) ?? "dev");
  return replaceProcess(process.execPath, [join(root, "cli", "main.ts"), task, ...argv], env);
}

/** Replaces this process by another program, so that signals and exit codes need not be forwarded. */
function replaceProcess(program: string, argv: string[], env: Record<string, string>): never {
  if (!process.execve) throw new Error(`Node ${process.version} cannot be replaced by another program`);
  return process.execve(program, [program, ...argv], { ...process.env, ...env });
}

async function main([task = "", ...argv]: string[]): Promise<number> {
  process.chdir(root);
  return (tasks[task] ?? ((rest) => command(task, rest)))(argv);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = exitCode(error);
}
