import { overridesOf } from "../core/deploy/overrides.ts";
import { describeError, exitCode, exitCodes } from "../core/errors.ts";
import { JobFailed } from "../launcher/run.ts";
import { asksForHelp, find, parse } from "./arguments.ts";
import { commandsFor } from "./context.ts";
import type { Group } from "./definition.ts";
import { help } from "./help.ts";

/** Runs the command that was typed, or prints its help. An error becomes the exit code. */
export async function runCommandLine(argv: readonly string[], root: Group): Promise<void> {
  try {
    await run(argv, root);
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = codeOf(error);
  }
}

async function run(argv: readonly string[], root: Group): Promise<void> {
  const { path, entry, rest } = find(argv, root);
  if (asksForHelp(rest) || "commands" in entry) {
    process.stdout.write(`${help(path, entry)}\n`);
    return;
  }
  const given = parse(rest, path, entry);
  const overrides = overridesOf(given);
  await entry.run(await commandsFor(given.stack, overrides), given);
}

/** A job reports by its own exit code what kind of failure it was; other codes are Docker's. */
function codeOf(error: unknown): number {
  const ours: number[] = Object.values(exitCodes);
  return error instanceof JobFailed && ours.includes(error.code) ? error.code : exitCode(error);
}
