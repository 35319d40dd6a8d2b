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
  return withStackLock(commands, async (settings, found) => {
    const { activeColor } = await commands.engine.outputs();
    return planDeploy(version, settings, found, isColor(activeColor) ? activeColor : null);
  });
}

/** The one config line of a rollback, and `pulumi up`. */
export function rollback(commands: Commands): Promise<void> {
  return withStackLock(commands, planRollback);
}

/** One change of a stack at a time from this machine: two would write their config lines over each other's. */
async function withStackLock(
  commands: Commands,
  plan: (settings: Settings, found: Observed) => Plan | Promise<Plan>,
): Promise<void> {
  const unlock = await lockStack(commands.target.stack);
  try {
    const [settings, found] = await observedSettings(commands);
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
  await engine.write(plan.change);
  if ((await engine.up(commands.overrides)) !== 0) throw await failure(commands);
  const other = otherColor(plan.color);
  const previous = settings.versions[other];
  const rollback = previous
    ? `To roll back to ${other} ${previous}: ${command("rollback", target.stack)}`
    : "There is no other color to roll back to.";
  say(`${capitalize(plan.color)} ${plan.version} is active. ${rollback}`);
}

/**
 * What the program will refuse is refused here, before a line of the configuration is written.
 * @returns the settings as they will be
 */
async function checkPlan(change: ConfigChange, found: Observed, commands: Commands): Promise<Settings> {
  const { target, engine } = commands;
  const changed = withChange(await engine.config(), change);
  const next = parseSettings(withOverrides(changed, commands.overrides), systems, target.stack);
  const system = systems[next.system];
  const present = system ? await checkImages(target, next, system) : {};
  guardStrategy(next, commands.overrides);
  guardDeploy(next, found, present);
  return next;
}

/** After a failed update the first question is which color is active; the edge answers it. */
async function failure(commands: Commands): Promise<StepError> {
  const { stack } = commands.target;
  const cancel = command("rollback", stack);
  const found = await settingsOf(commands)
    .then((settings) => observed(commands, settings))
    .catch(() => undefined);
  const live = found?.live && `${found.live} ${found.versions[found.live] ?? ""}`.trim();
  if (found?.maintenance)
    return new StepError(
      `The update did not complete. ${capitalize(live ?? "the old color")} is stopped, and users see the maintenance page`,
      "fix the cause above and run this again, " +
        `or cancel the deploy, which starts ${live ?? "the old color"} again: ${cancel}`,
    );
  const active = live ? `${capitalize(live)} is active` : "The edge did not report an active color";
  return new StepError(
    `The update did not complete. ${active}`,
    `${live ? "" : `see ${command("ops -- status", stack)}; then `}fix the cause above and run this again, ` +
      `or cancel the deploy: ${cancel}`,
  );
}

/** Prints the status. @returns whether everything is healthy */
export async function status(commands: Commands, json: boolean): Promise<boolean> {
  // The engine is asked for the outputs while the server is observed.
  const [outputs, [settings, seen]] = await Promise.all([commands.engine.outputs(), observedSettings(commands)]);
  const services = Object.keys(systems[settings.system]?.services ?? {});
  const found = statusOf(outputs, seen, { ...settings, services });
  commands.say(json ? JSON.stringify(found) : describeStatus(found));
  return found.healthy;
}

async function observedSettings(commands: Commands): Promise<[Settings, Observed]> {
  const settings = await settingsOf(commands);
  return [settings, await observed(commands, settings)];
}

/** Prints the journal, oldest first. */
export async function log(commands: Commands, json: boolean): Promise<void> {
  const { records, bad } = await readJournal(commands.target);
  if (records.length + bad.length === 0 && !json)
    return commands.say("The journal is empty: nothing has been deployed yet.");
  for (const record of records) commands.say(json ? JSON.stringify(lineOf(record)) : describeRecord(record));
  if (bad.length > 0 && !json) commands.say(describeBad(bad));
}

/**
 * Checks the journal's chain, also against the head that the last shift left in the stack's state, and prints what it
 * found.
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

/** Sends an order to the shift or soak that is in progress, or closes an incident. */
export async function giveOrder(order: OrderInput["order"], commands: Commands): Promise<void> {
  commands.say(describeOrder(await sendOrder(commands.target, order), commands.target.stack));
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
