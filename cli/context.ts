import type { Observed } from "../core/deploy/observed.ts";
import { type Run, withRun } from "../core/deploy/overrides.ts";
import { edgeAddress } from "../core/edge/address.ts";
import { readyChecks } from "../core/edge/input.ts";
import { stackPrefix } from "../core/names.ts";
import { parseSettings, type Settings } from "../core/settings/settings.ts";
import { dockerClient } from "../server/docker.ts";
import { observe } from "../server/observe.ts";
import type { Site } from "../server/target.ts";
import { systems } from "../systems/index.ts";
import { type Engine, engine } from "./engine.ts";

/** The name of the project in Pulumi.yaml. */
export const project = "turnout";

/** What every command works with. */
export interface Commands {
  engine: Engine;
  site: Site;
  /** What is said for this run alone, by options or by the environment. */
  run: Run;
  say: (line: string) => void;
}

/**
 * @param stack name of the stack
 * @param run what the options say for this run alone
 */
export async function commandsFor(stack: string, run: Run = {}): Promise<Commands> {
  const { TURNOUT_STRATEGY, TURNOUT_STEPS } = process.env;
  const known = engine(stack, project, process.env.TURNOUT_CONFIG_FILE);
  const dockerHost = await known.dockerHost();
  return {
    engine: known,
    site: { prefix: stackPrefix(project, stack), stack, dockerHost, docker: dockerClient(dockerHost) },
    run: { TURNOUT_STRATEGY, TURNOUT_STEPS, ...run },
    say: (line) => process.stdout.write(`${line}\n`),
  };
}

/** The stack's settings, checked. @throws SettingsError */
export async function settingsOf(commands: Commands): Promise<Settings> {
  return parseSettings(withRun(await commands.engine.config(), commands.run), systems, commands.site.stack);
}

/** What is on the server. */
export async function observed(commands: Commands, settings: Settings): Promise<Observed> {
  const { prefix } = commands.site;
  const system = systems[settings.system];
  return observe(commands.site, {
    prefix,
    edge: edgeAddress(prefix, settings),
    ready: system ? readyChecks(system) : [],
  });
}
