import type { Commands } from "./context.ts";

/** Every option there is; a command names those it accepts. `value` stands for the value in usage and help. */
export const options = {
  stack: { type: "string", value: "S", description: "the stack, one of Pulumi.<stack>.yaml; default: dev" },
  json: { type: "boolean", value: undefined, description: "print JSON" },
  verify: {
    type: "boolean",
    value: undefined,
    description: "check the journal's hash chain instead; exit code 7 if it is broken",
  },
  strategy: { type: "string", value: "X", description: "for this run only: blue-green, canary, rolling or recreate" },
  steps: {
    type: "string",
    value: "LIST",
    description: "for this run only: percent:time of each canary step, such as 5:300,25:10m",
  },
} as const;

export type OptionName = keyof typeof options;

/** What a person typed after the name of a command. */
export interface Given {
  stack: string;
  json: boolean;
  verify: boolean;
  strategy: string | undefined;
  steps: string | undefined;
  /** The command's argument; empty where it has none. */
  argument: string;
}

/** The one argument of a command, such as a version. */
export interface Argument {
  name: string;
  description: string;
  example: string;
}

/** A command of one stack. */
export interface Command {
  description: string;
  /** Options beside `--stack`. Default: none. */
  options?: readonly Exclude<OptionName, "stack">[];
  /** Required by the command where it is given. Default: the command has no argument. */
  argument?: Argument;
  run(commands: Commands, given: Given): Promise<unknown>;
}

/** Commands below one name. */
export interface Group {
  description: string;
  commands: Readonly<Record<string, Command | Group>>;
}

/** The options of a command in the order of its usage. */
export function optionNames(command: Command): readonly OptionName[] {
  return ["stack", ...(command.options ?? [])];
}
