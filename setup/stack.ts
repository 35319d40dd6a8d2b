import { execa } from "execa";
import type { EngineEnvironment } from "./engine.ts";

/**
 * The stack a command is about: the one it names, else the selected one. Only for `dev` the public passphrase may be
 * used, so a wrong guess would protect another stack's secrets with it.
 * @param argv arguments of the engine or of a command of the project
 * @returns undefined if the command names none and none is selected
 */
export async function selectedStack(argv: readonly string[], engine: EngineEnvironment): Promise<string | undefined> {
  const named = namedStack(argv);
  if (named !== undefined) return named;
  const options = { env: engine.env, reject: false, stdin: "ignore" } as const;
  const asked = await execa(engine.pulumi, ["stack", "--show-name", "--non-interactive"], options);
  return asked.failed ? undefined : asked.stdout.trim();
}

/** The stack that arguments name: `--stack S`, `-s S`, `stack init S`, `stack select S`, `stack rm S`. */
export function namedStack(argv: readonly string[]): string | undefined {
  for (const [index, argument] of argv.entries()) {
    if (argument === "--stack" || argument === "-s") return argv[index + 1];
    const assigned = /^(?:--stack|-s)=(.+)$/.exec(argument);
    if (assigned) return assigned[1];
  }
  const positional = argv.filter((argument) => !argument.startsWith("-"));
  const [noun, verb, name] = positional;
  return noun === "stack" && ["init", "select", "rm"].includes(verb ?? "") ? name : undefined;
}

/** Whether the engine is asked to change a stack, which fails on what an interrupted update left. */
export function changes(argv: readonly string[]): boolean {
  return argv.some((argument) => ["up", "update", "destroy", "refresh"].includes(argument));
}

/** One value of a stack's configuration; undefined if it is not set. */
export async function configured(
  pulumi: string,
  env: Record<string, string>,
  stack: string,
  key: string,
): Promise<string | undefined> {
  const options = { env, reject: false, stdin: "ignore" } as const;
  const asked = await execa(pulumi, ["config", "get", key, "--stack", stack, "--non-interactive"], options);
  return asked.failed ? undefined : asked.stdout.trim();
}
