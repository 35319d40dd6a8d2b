import type { LocalWorkspace } from "@pulumi/pulumi/automation/localWorkspace.js";
import { execa } from "execa";
import { BusyError, command, SettingsError, TurnoutError } from "../core/errors.ts";

/** Asks something of the engine by Pulumi's Automation API. @throws TurnoutError when the engine refuses */
export type Ask = <T>(question: (workspace: LocalWorkspace) => Promise<T>) => Promise<T>;

/**
 * @param stack name of the stack, for the errors
 * @param configFile another file than `Pulumi.<stack>.yaml`
 */
export function workspace(stack: string, configFile?: string): Ask {
  let opened: Promise<LocalWorkspace> | undefined;
  return async (question) => {
    const { CommandError, ConcurrentUpdateError, StackNotFoundError } = await import(
      "@pulumi/pulumi/automation/errors.js"
    );
    try {
      opened ??= open(configFile);
      return await question(await opened);
    } catch (error) {
      if (error instanceof StackNotFoundError) throw new UnknownStack(stack);
      if (error instanceof ConcurrentUpdateError)
        throw new BusyError(
          `Another update of the stack ${stack} is in progress`,
          `wait for it to end (${command("ops -- log", stack)} shows its steps) and try again`,
        );
      if (error instanceof CommandError) throw new TurnoutError(`The engine failed: ${sentenceOf(error.message)}`);
      throw error;
    }
  };
}

/**
 * Reads the JSON that the CLI prints. What most commands read is asked of the CLI alone: the API answers the same with
 * 0.7 s more of CPU time, for its import, the CLI's version, and outputs asked for twice. It is asked only when the CLI
 * refuses, for its typed error.
 */
export function reader(ask: Ask) {
  return async <T>(argv: readonly string[], typed: (workspace: LocalWorkspace) => Promise<T>): Promise<T> => {
    const done = await execa("pulumi", argv, { reject: false, stdin: "ignore" });
    return done.failed ? ask(typed) : (JSON.parse(done.stdout) as T);
  };
}

/** A stack that the engine's backend does not have. */
export class UnknownStack extends SettingsError {
  constructor(stack: string) {
    super(
      `There is no stack ${stack}`,
      stack === "dev"
        ? "bring it up: npm run demo"
        : `create it: npm run pulumi -- stack init ${stack}, with a Pulumi.${stack}.yaml`,
    );
  }
}

/**
 * The API is loaded only when a command asks something: `@pulumi/pulumi/automation` as a whole costs 0.4 s, the module
 * of `LocalWorkspace` 0.3 s, during which the CLI tells its version.
 */
async function open(configFile?: string): Promise<LocalWorkspace> {
  const { PulumiCommand } = await import("@pulumi/pulumi/automation/cmd.js");
  const [pulumiCommand, { LocalWorkspace }] = await Promise.all([
    PulumiCommand.get(),
    import("@pulumi/pulumi/automation/localWorkspace.js"),
  ]);
  // The API has a parameter for the file in updates alone; the CLI reads the environment for every option.
  const envVars = configFile ? { PULUMI_OPTION_CONFIG_FILE: configFile } : {};
  return LocalWorkspace.create({ workDir: process.cwd(), pulumiCommand, envVars });
}

/**
 * The sentence of the CLI; without one, which command failed how. The error also has what was printed, which may hold
 * secrets.
 */
function sentenceOf(message: string): string {
  const lines = message.split("\n");
  const sentence =
    lines.findLast((line) => line.startsWith("error: ")) ?? lines.find((line) => / stderr: ./.test(line));
  return (sentence ?? "it gave no reason").replace(/^(error| stderr): /, "").replace(/\.$/, "");
}
