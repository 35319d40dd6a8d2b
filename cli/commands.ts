import { otherColor } from "../core/color.ts";
import { StepError } from "../core/errors.ts";
import { describeRecord } from "../core/journal-text.ts";
import { type Plan, planDeploy, planRollback } from "../core/plan.ts";
import { describeStatus, statusOf } from "../core/status.ts";
import { type Commands, observed, settingsOf } from "./context.ts";
import { readJournal } from "./preflight.ts";

/** The two config lines of a deploy, and `pulumi up`. */
export async function deploy(version: string, commands: Commands): Promise<void> {
  const settings = await settingsOf(commands);
  await carryOut(planDeploy(version, settings, await observed(commands, settings)), commands);
}

/** The one config line of a rollback, and `pulumi up`. */
export async function rollback(commands: Commands): Promise<void> {
  const settings = await settingsOf(commands);
  await carryOut(planRollback(settings, await observed(commands, settings)), commands);
}

async function carryOut(plan: Plan, commands: Commands): Promise<void> {
  const { engine, say } = commands;
  if ("nothing" in plan) return say(plan.nothing);
  say(plan.sentence);
  for (const [path, value] of Object.entries(plan.change)) {
    if (value === null) await engine.remove(path);
    else await engine.set(path, value);
  }
  if ((await engine.up()) !== 0) throw await failure(commands);
  say(`${plan.color} serves ${plan.version}. Back to ${otherColor(plan.color)}: npm run rollback${about(commands)}`);
}

/** After a failed update the first question is who serves; the edge answers it. */
async function failure(commands: Commands): Promise<StepError> {
  const live = await settingsOf(commands)
    .then((settings) => observed(commands, settings))
    .then((found) => found.live && `${found.live} ${found.versions[found.live] ?? ""}`.trim())
    .catch(() => undefined);
  return new StepError(
    `The update did not go through; ${live ? `${live} serves` : "see `npm run ops -- status` for who serves"}`,
    `mend what it says above and run it again, or give it up: npm run rollback${about(commands)}`,
  );
}

/** Prints what is there. @returns true when all is as it should be */
export async function status(commands: Commands, json: boolean): Promise<boolean> {
  const [settings, outputs] = await Promise.all([settingsOf(commands), commands.engine.outputs()]);
  const found = statusOf(outputs, await observed(commands, settings));
  commands.say(json ? JSON.stringify(found) : describeStatus(found));
  return found.healthy;
}

/** Prints the journal, oldest first. */
export async function log(commands: Commands, json: boolean): Promise<void> {
  const records = await readJournal(commands.site);
  if (records.length === 0 && !json) return commands.say("The journal is empty: nothing was deployed yet.");
  for (const record of records) commands.say(json ? JSON.stringify(record) : describeRecord(record));
}

/** How to name this stack in a command. */
export function about(commands: Commands): string {
  return commands.site.stack === "dev" ? "" : ` -- --stack ${commands.site.stack}`;
}
