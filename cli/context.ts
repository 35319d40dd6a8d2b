import type { Observed } from "../core/deploy/observed.ts";
import { type Overrides, withOverrides } from "../core/deploy/overrides.ts";
import { edgeAddress } from "../core/edge/address.ts";
import { readyChecks } from "../core/edge/input.ts";
import { stackPrefix } from "../core/names.ts";
import { parseSettings, type Settings } from "../core/settings/settings.ts";
import { dockerClient } from "../server/docker.ts";
import { observe } from "../server/observe.ts";
import type { Target } from "../server/target.ts";
import { systems } from "../systems/index.ts";
import { type Engine, engine } from "./engine.ts";

/** The name of the project in Pulumi.yaml. */
export const project = "turnout";

/** What every command works with. */
export interface Commands {
  engine: Engine;
  target: Target;
  /** Settings given for this run only, by options or by the environment. */
  overrides: Overrides;
  say: (line: string) => void;
}

/**
 * @param stack name of the stack
 * @param overrides settings for this run only, from the options
 */
export async function commandsFor(stack: string, overrides: Overrides): Promise<Commands> {
  const { TURNOUT_STRATEGY, TURNOUT_STEPS } = process.env;
  const known = engine(stack, project, process.env.TURNOUT_CONFIG_FILE);
  const dockerHost = await known.dockerHost();
  return {
    engine: known,
    target: { prefix: stackPrefix(project, stack), stack, dockerHost, docker: dockerClient(dockerHost) },
    overrides: { TURNOUT_STRATEGY, TURNOUT_STEPS, ...overrides },
    say: (line) => process.stdout.write(`${line}\n`),
  };
}

/** The stack's settings, checked. @throws SettingsError */
export async function settingsOf(commands: Commands): Promise<Settings> {
  return parseSettings(
    withOverrides(await commands.engine.config(), commands.overrides),
    systems,
    commands.target.stack,
  );
}

/** Observes the server. */
export async function observed(commands: Commands, settings: Settings): Promise<Observed> {
  const { prefix } = commands.target;
  const system = systems[settings.system];
  return observe(commands.target, {
    prefix,
    edge: edgeAddress(prefix, settings),
    ready: system ? readyChecks(system) : [],
  });
}
