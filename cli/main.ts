import { defineCommand, runMain } from "citty";
import { exitCodes } from "../core/errors.ts";
import { command, guarded, refuseUnknown } from "./command-line.ts";
import { deploy, giveOrder, log, rollback, status, verifyLog } from "./commands.ts";
import { demo, demoDown } from "./demo.ts";

const ops = defineCommand({
  meta: { description: "Day-2 verbs" },
  subCommands: {
    status: command(
      { description: "Who serves, what runs; exit code 0 only when all is as it should be", takes: ["json"] },
      async (commands, { json }) => {
        if (!(await status(commands, json))) process.exitCode = exitCodes.unhealthy;
      },
    ),
    log: command(
      { description: "What happened, oldest first", takes: ["json", "verify"] },
      async (commands, { json, verify }) => {
        if (!verify) await log(commands, json);
        else if (!(await verifyLog(commands, json))) process.exitCode = exitCodes.unhealthy;
      },
    ),
    promote: order("promote", "End the step of a canary that is under way and go on with the next"),
    abort: order("abort", "Take back the release that is on trial, or that is watched"),
    pause: order("pause", "Hold a canary at its step"),
    resume: order("resume", "Go on with a canary that is held"),
    retry: order("retry", "Lift the newest incident, so that its release may be tried again"),
  },
});

const main = defineCommand({
  meta: { name: "turnout", description: "A deployment runbook as pulumi up" },
  subCommands: {
    demo: command({ description: "Bring the demo up" }, demo),
    "demo:down": command({ description: "Remove the demo" }, demoDown),
    deploy: command(
      {
        description: "Give the idle color a version and let it serve",
        takes: ["strategy", "steps"],
        word: { is: "a version", missing: "deploy needs a version", example: "deploy -- 1.4.1" },
      },
      (commands, { word }) => deploy(word, commands),
    ),
    rollback: command({ description: "Back to the other color" }, rollback),
    ops,
  },
});

function order(name: Parameters<typeof giveOrder>[0], description: string) {
  return command({ description }, (commands) => giveOrder(name, commands));
}

const argv = process.argv.slice(2);
await guarded(async () => {
  refuseUnknown(argv, main);
  await runMain(main, { rawArgs: argv });
});
