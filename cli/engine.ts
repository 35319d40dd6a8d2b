import type { ConfigMap } from "@pulumi/pulumi/automation/config.js";
import type { OutputMap } from "@pulumi/pulumi/automation/stack.js";
import type { Overrides } from "../core/deploy/overrides.ts";
import { type ConfigChange, withChange } from "../core/deploy/plan.ts";
import { runEngine } from "./engine-run.ts";
import { reader, UnknownStack, workspace } from "./workspace.ts";

/** A stack as the engine keeps it: its configuration and its outputs. */
export interface Engine {
  readonly stack: string;
  /** The project's configuration without the project's name before each key; secrets are in the clear. */
  config(): Promise<Record<string, string>>;
  /** DOCKER_HOST of the stack's server: its `docker:host`, else that of this environment; empty for the default engine. */
  dockerHost(): Promise<string>;
  /** Writes a change to the configuration file in one piece; every value stays text. */
  write(change: ConfigChange): Promise<void>;
  /** The outputs of the last successful update, secret ones masked; empty before the first. */
  outputs(): Promise<Record<string, unknown>>;
  /** The stack's state as the engine exports it, without decrypted secrets; empty before the first update. */
  state(): Promise<unknown>;
  /** Creates the stack if it does not exist. */
  init(): Promise<void>;
  /** `pulumi up`, with its output on this terminal. @param overrides settings for this run only @returns its exit code */
  up(overrides?: Overrides): Promise<number>;
  /** `pulumi destroy`, with its output on this terminal. @returns its exit code */
  destroy(): Promise<number>;
  /** Removes the stack and its state. Its configuration file stays. */
  forget(): Promise<void>;
}

/**
 * @param stack name of the stack
 * @param project name of the project, the prefix of its keys
 * @param configFile another file than `Pulumi.<stack>.yaml`
 */
export function engine(stack: string, project: string, configFile?: string): Engine {
  const ask = workspace(stack, configFile);
  const read = reader(ask);
  const about = ["--stack", stack, "--non-interactive", ...(configFile ? ["--config-file", configFile] : [])];
  // Each question takes the engine a moment; what this command has not changed it need not ask for again.
  let known: Promise<Record<string, string>> | undefined;
  const forgetKnown = () => {
    known = undefined;
  };
  const everything = () => {
    if (known) return known;
    known = read<ConfigMap>(["config", "--json", "--show-secrets", ...about], (one) => one.getAllConfig(stack)).then(
      (all) => Object.fromEntries(Object.entries(all).map(([key, { value }]) => [key, value])),
    );
    known.catch(forgetKnown);
    return known;
  };
  const config = async () => {
    const own = Object.entries(await everything()).filter(([key]) => key.startsWith(`${project}:`));
    return Object.fromEntries(own.map(([key, value]) => [key.slice(project.length + 1), value]));
  };
  // The demo is on this machine and its stack may not exist yet; every other one says itself where its server is.
  const dockerHost = async () =>
    (stack === "dev" ? undefined : (await everything())["docker:host"]) ?? process.env.DOCKER_HOST ?? "";
  const run = async (verb: "up" | "destroy", overrides?: Overrides) =>
    runEngine(verb, { project, stack, configFile, dockerHost: await dockerHost() }, overrides);

  return {
    stack,
    dockerHost,
    config,
    async write(change) {
      const before = await config();
      const changed = Object.entries(withChange(before, change)).filter(([key, value]) => before[key] !== value);
      if (changed.length === 0) return;
      const entries = Object.fromEntries(changed.map(([key, value]) => [`${project}:${key}`, entryOf(key, value)]));
      await ask((one) => one.setAllConfigJson(stack, JSON.stringify(entries))).finally(forgetKnown);
    },
    outputs() {
      const argv = ["stack", "output", "--json", "--stack", stack, "--non-interactive"];
      return read(argv, async (one) => masked(await one.stackOutputs(stack))).catch(unlessUnknown({}));
    },
    state() {
      const argv = ["stack", "export", "--stack", stack, "--non-interactive"];
      return read<unknown>(argv, async (one) => one.exportStack(stack)).catch(unlessUnknown({}));
    },
    init: () =>
      ask(async (one) => {
        if (!(await one.listStacks()).some(({ name }) => name === stack)) await one.createStack(stack);
      }),
    up: (overrides) => run("up", overrides),
    destroy: () => run("destroy"),
    forget: () => ask((one) => one.removeStack(stack, { preserveConfig: true })).catch(unlessUnknown(undefined)),
  };
}

/** Outputs as `pulumi stack output --json` prints them. */
function masked(outputs: OutputMap): Record<string, unknown> {
  const entries = Object.entries(outputs);
  return Object.fromEntries(entries.map(([name, { value, secret }]) => [name, secret ? "[secret]" : value]));
}

/**
 * A value as `pulumi config --json` prints it. By the API's `setConfig` a version such as 1042 would become a number.
 */
function entryOf(key: string, value: string) {
  return key === "versions" ? { value, objectValue: JSON.parse(value) } : { value };
}

/** Handles the error of a query: a stack that does not exist has the `empty` answer, any other error is thrown. */
function unlessUnknown<T>(empty: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof UnknownStack) return empty;
    throw error;
  };
}
