import { exitCodes } from "../core/errors.ts";
import { runCommandLine } from "./command-line.ts";
import { deploy, giveOrder, log, rollback, status, verifyLog } from "./commands.ts";
import type { Command, Group } from "./definition.ts";
import { demo, demoDown } from "./demo.ts";

const ops: Group = {
  description: "Day-2 commands",
  commands: {
    status: {
      description: "Show the active color, versions and replicas; exit code 0 only when everything is healthy",
      options: ["json"],
      run: async (commands, { json }) => {
        if (!(await status(commands, json))) process.exitCode = exitCodes.unhealthy;
      },
    },
    log: {
      description: "Show the journal, oldest record first",
      options: ["json", "verify"],
      run: async (commands, { json, verify }) => {
        if (!verify) await log(commands, json);
        else if (!(await verifyLog(commands, json))) process.exitCode = exitCodes.unhealthy;
      },
    },
    promote: order("promote", "End the current canary step and start the next"),
    abort: order("abort", "Withdraw the candidate, or revert the release that is being soaked"),
    pause: order("pause", "Hold the canary at its current step"),
    resume: order("resume", "Continue a paused canary"),
    retry: order("retry", "Close the newest incident, so that its release may be deployed again"),
  },
};

const turnout: Group = {
  description: "A deployment runbook as pulumi up",
  commands: {
    demo: { description: "Bring the demo up", run: demo },
    "demo:down": { description: "Remove the demo", run: demoDown },
    deploy: {
      description: "Deploy a version to the idle color and make it active",
      options: ["strategy", "steps"],
      argument: { name: "VERSION", description: "the version to deploy", example: "1.4.1" },
      run: (commands, { argument }) => deploy(argument, commands),
    },
    rollback: {
      description: "Roll back to the other color, or cancel a failed deploy",
      run: (commands) => rollback(commands),
    },
    ops,
  },
};

function order(name: Parameters<typeof giveOrder>[0], description: string): Command {
  return { description, run: (commands) => giveOrder(name, commands) };
}

await runCommandLine(process.argv.slice(2), turnout);
