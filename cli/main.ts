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

function simple(description: string, work: (commands: Commands) => Promise<void>) {
  return defineCommand({
    meta: { description },
    args: { stack },
    run: ({ args }) => guarded(() => commandsFor(args.stack).then(work)),
  });
}

const deployCommand = defineCommand({
  meta: { description: "Give the idle color a version and let it serve" },
  args: { version: { type: "positional", required: false, description: "The version to deploy" }, stack },
  run: ({ args }) =>
    guarded(async () => {
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
      run: ({ args }) =>
        guarded(async () => {
          if (!(await status(await commandsFor(args.stack), args.json))) process.exitCode = exitCodes.unhealthy;
        }),
    }),
    log: defineCommand({
      meta: { description: "What happened, oldest first" },
      args: { stack, json },
      run: ({ args }) => guarded(async () => log(await commandsFor(args.stack), args.json)),
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
