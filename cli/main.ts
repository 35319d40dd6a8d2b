import { defineCommand, runMain } from "citty";
import { describeError, exitCode, exitCodes, SettingsError } from "../core/errors.ts";
import { deploy, log, rollback, status } from "./commands.ts";
import { type Commands, commandsFor } from "./context.ts";
import { demo, demoDown } from "./demo.ts";

const stack = { type: "string", default: "dev", description: "Stack, one of Pulumi.<stack>.yaml" } as const;
const json = { type: "boolean", default: false, description: "For programs: JSON" } as const;

/** The one place where errors become an exit code. */
async function guarded(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = exitCode(error);
  }
}

/**
 * Refuses what a command does not know: a mistyped `--stack` must not end up at another stack.
 * @param flags the options it knows, without their dashes
 * @param positionals how many words it takes beside them
 */
function strict(rawArgs: string[], flags: string[], positionals = 0): void {
  const words = rawArgs.filter((_word, at) => !(rawArgs[at - 1] === "--stack" && flags.includes("stack")));
  const unknown = words.find(
    (word) => word.startsWith("-") && !flags.includes(word.replace(/^--/, "").split("=")[0] ?? ""),
  );
  const extra = words.filter((word) => !word.startsWith("-"))[positionals];
  const wrong = unknown ?? extra;
  if (wrong !== undefined)
    throw new SettingsError(
      `"${wrong}" is nothing this command takes`,
      `it takes ${[...(positionals ? ["a version"] : []), ...flags.map((flag) => `--${flag}`)].join(", ")}`,
    );
}

function simple(description: string, work: (commands: Commands) => Promise<void>) {
  return defineCommand({
    meta: { description },
    args: { stack },
    run: ({ args, rawArgs }) =>
      guarded(async () => {
        strict(rawArgs, ["stack"]);
        await work(await commandsFor(args.stack));
      }),
  });
}

const deployCommand = defineCommand({
  meta: { description: "Give the idle color a version and let it serve" },
  args: { version: { type: "positional", required: false, description: "The version to deploy" }, stack },
  run: ({ args, rawArgs }) =>
    guarded(async () => {
      strict(rawArgs, ["stack"], 1);
      if (!args.version) throw new SettingsError("deploy needs a version", "write: npm run deploy -- 1.4.1");
      await deploy(String(args.version), await commandsFor(args.stack));
    }),
});

const opsCommand = defineCommand({
  meta: { description: "Day-2 verbs" },
  subCommands: {
    status: defineCommand({
      meta: { description: "Who serves, what runs; exit code 0 only when all is as it should be" },
      args: { stack, json },
      run: ({ args, rawArgs }) =>
        guarded(async () => {
          strict(rawArgs, ["stack", "json"]);
          if (!(await status(await commandsFor(args.stack), args.json))) process.exitCode = exitCodes.unhealthy;
        }),
    }),
    log: defineCommand({
      meta: { description: "What happened, oldest first" },
      args: { stack, json },
      run: ({ args, rawArgs }) =>
        guarded(async () => {
          strict(rawArgs, ["stack", "json"]);
          await log(await commandsFor(args.stack), args.json);
        }),
    }),
  },
});

await runMain(
  defineCommand({
    meta: { name: "turnout", description: "A deployment runbook as pulumi up" },
    subCommands: {
      demo: simple("Bring the demo up", demo),
      "demo:down": simple("Remove the demo", demoDown),
      deploy: deployCommand,
      rollback: simple("Back to the other color", rollback),
      ops: opsCommand,
    },
  }),
);
