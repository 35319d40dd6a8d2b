import { z } from "zod";
import { command, SettingsError, StepError } from "../core/errors.ts";
import type { Commands } from "./context.ts";

/** The configuration a fresh demo begins with; `Pulumi.dev.yaml` holds the rest. */
const beginning = { activeColor: "blue", "versions.blue": "1.0.0" } as const;

/** What `index.ts` exports, as far as it is shown. */
const outputs = z.object({
  activeColor: z.string(),
  url: z.string(),
  previewUrl: z.string(),
  versions: z.record(z.string(), z.string()),
});

/**
 * Brings the stack `dev` up. If it is up already, this changes nothing.
 * @throws SettingsError for any other stack
 */
export async function demo(commands: Commands): Promise<void> {
  const { engine, target, say } = commands;
  refuseOthers(target.stack, "bring it up with", "pulumi -- up");
  await engine.init();
  if ((await engine.up()) !== 0)
    throw new StepError("The demo did not come up", "fix the cause above and run `npm run demo` again");
  const { activeColor, url, previewUrl, versions } = outputs.parse(await engine.outputs());
  say(`
${activeColor} ${versions[activeColor]} is active at ${url}   (idle color: ${previewUrl})

  npm run deploy -- 1.1.0     deploy the next version, without downtime
  npm run rollback            roll back, in seconds
  npm run ops -- status       the active color, versions and replicas
  npm run ops -- log          the journal
  npm run demo:down           remove the demo and its data`);
}

/**
 * Removes everything the demo made: services, volumes, networks, secrets, state.
 * @throws SettingsError for any other stack than `dev`
 */
export async function demoDown(commands: Commands): Promise<void> {
  const { engine, target, say } = commands;
  refuseOthers(target.stack, "to remove everything, use", "pulumi -- destroy");
  await engine.init();
  if ((await engine.destroy()) !== 0)
    throw new StepError(
      "Not all of the demo could be removed",
      "fix the cause above and run `npm run demo:down` again",
    );
  await engine.write({ "versions.green": null, ...beginning });
  await engine.forget();
  say("The demo is removed. `npm run demo` brings it up again.");
}

/** The demo is brought up and removed without confirmation, which no other stack may be. */
function refuseOthers(stack: string, todo: string, words: string): void {
  if (stack !== "dev")
    throw new SettingsError(`The demo is the stack dev, not ${stack}`, `${todo}: ${command(words, stack)}`);
}
