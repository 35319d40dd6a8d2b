import { isColor, otherColor } from "../core/color.ts";
import { guardDeploy } from "../core/deploy/guards.ts";
import type { Observed } from "../core/deploy/observed.ts";
import { guardStrategy, withOverrides } from "../core/deploy/overrides.ts";
import { type ConfigChange, type Plan, planDeploy, planRollback, withChange } from "../core/deploy/plan.ts";
import { describeStatus, statusOf } from "../core/deploy/status.ts";
import { command, GuardError, StepError } from "../core/errors.ts";
import type { OrderInput } from "../core/jobs/inputs.ts";
import { describeChain, isIntact } from "../core/journal/chain.ts";
import { knownHead } from "../core/journal/known-head.ts";
import { lineOf } from "../core/journal/records.ts";
import { describeBad, describeRecord } from "../core/journal/text.ts";
import { describeOrder } from "../core/rollout/orders.ts";
import { parseSettings, type Settings } from "../core/settings/settings.ts";
import { checkImages } from "../server/images.ts";
import { readJournal, sendOrder } from "../server/jobs.ts";
import { systems } from "../systems/index.ts";
import { type Commands, observed, settingsOf } from "./context.ts";
import { lockStack } from "./lock.ts";

/** The two config lines of a deploy, and `pulumi up`. */
export function deploy(version: string, commands: Commands): Promise<void> {
  return alone(commands, async (settings, found) => {
    const { activeColor } = await commands.engine.outputs();
    return planDeploy(version, settings, found, isColor(activeColor) ? activeColor : null);
  });
}

/** The one config line of a rollback, and `pulumi up`. */
export function rollback(commands: Commands): Promise<void> {
  return alone(commands, planRollback);
}

/** One change of a stack at a time from this machine: two would write their config lines over each other's. */
async function alone(
  commands: Commands,
  plan: (settings: Settings, found: Observed) => Plan | Promise<Plan>,
): Promise<void> {
  const unlock = await lockStack(commands.target.stack);
  try {
    const settings = await settingsOf(commands);
    const found = await observed(commands, settings);
    await carryOut(await plan(settings, found), found, commands);
  } finally {
    await unlock();
  }
}

async function carryOut(plan: Plan, found: Observed, commands: Commands): Promise<void> {
  const { engine, target, say } = commands;
  if ("nothing" in plan) return say(plan.nothing);
  const settings = await checkPlan(plan.change, found, commands);
  say(plan.sentence);
  for (const [path, value] of Object.entries(plan.change)) {
    if (value !== null) await engine.set(path, value);
    else if (settings.had(path)) await engine.remove(path);
  }
  if ((await engine.up(commands.overrides)) !== 0) throw await failure(commands);
  const other = otherColor(plan.color);
  const back = settings.next.versions[other];
  say(
    `${plan.color} serves ${plan.version}.` +
      (back
        ? ` Back to ${other} ${back}: ${command("rollback", target.stack)}`
        : ` There is no other color to go back to.`),
  );
}

/** What the program will refuse is refused here, before a line of the configuration is written. */
async function checkPlan(change: ConfigChange, found: Observed, commands: Commands) {
  const { target, engine } = commands;
  const raw = await engine.config();
  const next = parseSettings(withOverrides(withChange(raw, change), commands.overrides), systems, target.stack);
  const system = systems[next.system];
  const present = system ? await checkImages(target, next, system) : {};
  guardStrategy(next, commands.overrides);
  guardDeploy(next, found, present);
  const versions = JSON.parse(raw.versions ?? "{}") as Record<string, string>;
  return { next, had: (path: string) => path.replace("versions.", "") in versions };
}

/** After a failed update the first question is who serves; the edge answers it. */
async function failure(commands: Commands): Promise<StepError> {
  const { stack } = commands.target;
  const cancel = command("rollback", stack);
  const found = await settingsOf(commands)
    .then((settings) => observed(commands, settings))
    .catch(() => undefined);
  const live = found?.live && `${found.live} ${found.versions[found.live] ?? ""}`.trim();
  if (found?.maintenance)
    return new StepError(
      `The update did not go through; ${live ?? "nobody"} is stopped, and visitors see the maintenance page`,
      "do what the message above says and run this again, " +
        `or give the deploy up, which starts what served before: ${cancel}`,
    );
  return new StepError(
    `The update did not go through; ${live ? `${live} serves` : `see \`${command("ops -- status", stack)}\` for who serves`}`,
    `do what the message above says; then run this again, or give the deploy up: ${cancel}`,
  );
}

/** Prints what is there. @returns true when all is as it should be */
export async function status(commands: Commands, json: boolean): Promise<boolean> {
  const [settings, outputs] = await Promise.all([settingsOf(commands), commands.engine.outputs()]);
  const services = Object.keys(systems[settings.system]?.services ?? {});
  const found = statusOf(outputs, await observed(commands, settings), { ...settings, services });
  commands.say(json ? JSON.stringify(found) : describeStatus(found));
  return found.healthy;
}

/** Prints the journal, oldest first. */
export async function log(commands: Commands, json: boolean): Promise<void> {
  const { records, bad } = await readJournal(commands.target);
  if (records.length + bad.length === 0 && !json)
    return commands.say("The journal is empty: nothing was deployed yet.");
  for (const record of records) commands.say(json ? JSON.stringify(lineOf(record)) : describeRecord(record));
  if (bad.length > 0 && !json) commands.say(describeBad(bad));
}

/**
 * Checks the journal's chain, also against the head that the last shift left in the stack's state, and prints what it found.
 * @returns true when the journal is as it was written
 * @throws GuardError when the deployed ops image is too old for it
 */
export async function verifyLog(commands: Commands, json: boolean): Promise<boolean> {
  const { engine, target, say } = commands;
  const { chain } = await readJournal(target, knownHead(await engine.state()));
  if (chain === null)
    throw new GuardError(
      "The ops image of the last update cannot check the journal's chain",
      `run \`${command("pulumi -- up", target.stack)}\`, which replaces it, and retry`,
    );
  say(json ? JSON.stringify(chain) : describeChain(chain));
  return isIntact(chain);
}

/** Asks something of the change of color that is under way, or lifts an incident. */
export async function giveOrder(order: OrderInput["order"], commands: Commands): Promise<void> {
  commands.say(describeOrder(await sendOrder(commands.target, order), commands.target.stack));
}
