import { type CommandDef, defineCommand } from "citty";
import { overridesOf } from "../core/deploy/overrides.ts";
import { describeError, exitCode, exitCodes, SettingsError, command as typed } from "../core/errors.ts";
import { JobFailed } from "../launcher/launch.ts";
import { type Commands, commandsFor } from "./context.ts";

/** Every option there is; a command names the ones it takes. */
const options = {
  stack: { type: "string", default: "dev", description: "Stack, one of Pulumi.<stack>.yaml" },
  json: { type: "boolean", default: false, description: "For programs: JSON" },
  verify: {
    type: "boolean",
    default: false,
    description: "Check the chain of hashes instead; exit code 7: it is broken",
  },
  strategy: { type: "string", description: "For this run: blue-green, canary, rolling or recreate" },
  steps: { type: "string", description: "For this run, percent:time of each step of a canary: 5:300,25:10m" },
} as const;

/** What a person gave a command. */
export interface Given {
  /** The word beside the options; empty where the command takes none. */
  word: string;
  json: boolean;
  verify: boolean;
}

/** A command as the command line knows it. */
export interface Definition {
  description: string;
  /** Options beside `--stack`. Default none. */
  takes?: Exclude<keyof typeof options, "stack">[];
  /** The one word it needs beside the options, and the refusal without it; left out where it takes none. */
  word?: {
    is: string;
    missing: string;
    /** What to type after `npm run`, as an example. */
    example: string;
  };
}

/** A command of one stack. Its errors become its exit code. */
export function command(
  { description, takes = [], word }: Definition,
  work: (commands: Commands, given: Given) => Promise<unknown>,
): CommandDef {
  const flags = ["stack" as const, ...takes];
  const positional = { word: { type: "positional", required: false, description: word?.is ?? "" } } as const;
  return defineCommand({
    meta: { description },
    args: { ...Object.fromEntries(flags.map((flag) => [flag, options[flag]])), ...(word ? positional : {}) },
    run: ({ args, rawArgs }) =>
      guarded(async () => {
        strict(rawArgs, flags, word);
        const text = (key: string) => (args[key] === undefined ? undefined : String(args[key]));
        const stack = text("stack") ?? "dev";
        if (word && !args.word) throw new SettingsError(word.missing, `write: ${typed(word.example, stack)}`);
        const overrides = overridesOf({ strategy: text("strategy"), steps: text("steps") });
        await work(await commandsFor(stack, overrides), {
          word: text("word") ?? "",
          json: args.json === true,
          verify: args.verify === true,
        });
      }),
  });
}

/**
 * Refuses words that name no command, before anything is done.
 * @param rawArgs what was typed
 * @param root the program; a command below it may have commands of its own
 * @throws SettingsError naming the known ones
 */
export function refuseUnknown(rawArgs: readonly string[], root: CommandDef): void {
  if (rawArgs.some((one) => one === "--help" || one === "-h")) return;
  const known = Object.keys(root.subCommands ?? {});
  if (known.length === 0) return;
  const [word, ...rest] = rawArgs;
  const sub = (root.subCommands as Record<string, CommandDef>)[word ?? ""];
  if (!sub || !known.includes(word ?? ""))
    throw new SettingsError(
      word === undefined ? "No command is given" : `"${word}" is no command`,
      `write one of ${known.join(", ")}`,
    );
  refuseUnknown(rest, sub);
}

/** The one place where errors become an exit code. */
export async function guarded(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = codeOf(error);
  }
}

/** A job has said by its own exit code what kind of failure it was; other codes are Docker's. */
function codeOf(error: unknown): number {
  const ours: number[] = Object.values(exitCodes);
  return error instanceof JobFailed && ours.includes(error.code) ? error.code : exitCode(error);
}

/** Refuses what a command does not know: a mistyped `--stack` must not end up at another stack. */
function strict(rawArgs: string[], flags: (keyof typeof options)[], word: Definition["word"]): void {
  const valued = flags.filter((flag) => options[flag].type === "string").map((flag) => `--${flag}`);
  const words = rawArgs.filter((_one, at) => !valued.includes(rawArgs[at - 1] ?? ""));
  const known = (one: string) => flags.some((flag) => one === `--${flag}` || one.startsWith(`--${flag}=`));
  const unknown = words.find((one) => one.startsWith("-") && !known(one));
  const extra = words.filter((one) => !one.startsWith("-"))[word ? 1 : 0];
  const wrong = unknown ?? extra;
  if (wrong !== undefined)
    throw new SettingsError(
      `"${wrong}" is nothing this command takes`,
      `it takes ${[...(word ? [word.is] : []), ...flags.map((flag) => `--${flag}`)].join(", ")}`,
    );
}
