import { command, SettingsError, StepError } from "../core/errors.ts";
import type { Commands } from "./context.ts";

/** The configuration a fresh demo begins with; `Pulumi.dev.yaml` holds the rest. */
const beginning = { activeColor: "blue", "versions.blue": "1.0.0" } as const;

/** What `index.ts` exports, as far as it is shown. */
interface Outputs {
  activeColor: string;
  url: string;
  previewUrl: string;
  versions: Record<string, string>;
}

/**
 * Brings the stack `dev` up. When it is up already, this changes nothing.
 * @throws SettingsError for any other stack
 */
export async function demo(commands: Commands): Promise<void> {
  const { engine, target, say } = commands;
  refuseOthers(target.stack, "bring it up with", "pulumi -- up");
  await engine.init();
  if ((await engine.up()) !== 0)
    throw new StepError("The demo did not come up", "mend what it says above and run `npm run demo` again");
  const { activeColor, url, previewUrl, versions } = (await engine.outputs()) as unknown as Outputs;
  const version = versions[activeColor];
  say(`
${activeColor} serves ${version} at ${url}   (the idle color: ${previewUrl})

  npm run deploy -- 1.1.0     the next version, to the idle color; nobody notices
  npm run rollback            back, in seconds
  npm run ops -- status       who serves, what runs
  npm run ops -- log          what happened
  npm run demo:down           remove all of it`);
}

/**
 * Removes everything the demo made: services, volumes, networks, secrets, state.
 * @throws SettingsError for any other stack than `dev`
 */
export async function demoDown(commands: Commands): Promise<void> {
  const { engine, target, say } = commands;
  refuseOthers(target.stack, "if all of it is to go, use", "pulumi -- destroy");
  await engine.init();
  if ((await engine.destroy()) !== 0)
    throw new StepError("Not all of the demo could be removed", "mend what it says above and run it again");
  const { versions } = await engine.config();
  if (versions && "green" in JSON.parse(versions)) await engine.remove("versions.green");
  for (const [path, value] of Object.entries(beginning)) await engine.set(path, value);
  await engine.forget();
  say("The demo is gone. `npm run demo` brings it up again.");
}

/** The demo is up and down without a question, which no other stack may be. */
function refuseOthers(stack: string, todo: string, words: string): void {
  if (stack !== "dev")
    throw new SettingsError(`The demo is the stack dev, not ${stack}`, `${todo}: ${command(words, stack)}`);
}
