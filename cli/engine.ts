import { execa } from "execa";
import type { Overrides } from "../core/deploy/overrides.ts";
import { SettingsError, TurnoutError } from "../core/errors.ts";
import { clearInterrupted } from "../setup/interrupted.ts";

/** A stack as the engine keeps it: its configuration and its outputs. */
export interface Engine {
  readonly stack: string;
  /** The project's configuration without the project's name before each key; secrets are in the clear. */
  config(): Promise<Record<string, string>>;
  /** DOCKER_HOST of the stack's server: its `docker:host`, else that of this environment; empty for the default engine. */
  dockerHost(): Promise<string>;
  /** Sets one value; `path` may lead into an object. */
  set(path: string, value: string): Promise<void>;
  /** Removes one value. */
  remove(path: string): Promise<void>;
  /** The outputs of the last update that went through; empty before the first. */
  outputs(): Promise<Record<string, unknown>>;
  /** The stack's state as the engine exports it, without decrypted secrets; empty before the first update. */
  state(): Promise<unknown>;
  /** Makes the stack known if it is not. */
  init(): Promise<void>;
  /** `pulumi up`, shown as it goes. @param overrides what is said for this run alone @returns its exit code */
  up(overrides?: Overrides): Promise<number>;
  /** `pulumi destroy`, shown as it goes. @returns its exit code */
  destroy(): Promise<number>;
  /** Forgets the stack. Its configuration file stays. */
  forget(): Promise<void>;
}

/**
 * @param stack name of the stack
 * @param project name of the project, the prefix of its keys
 * @param configFile another file than `Pulumi.<stack>.yaml`
 */
export function engine(stack: string, project: string, configFile?: string): Engine {
  const about = ["--stack", stack, "--non-interactive", ...(configFile ? ["--config-file", configFile] : [])];
  // On a terminal the engine shows a tree that changes; in a pipe, lines.
  const display = process.stdout.isTTY ? [] : ["--non-interactive", "--suppress-progress"];
  const shown = [
    "--yes",
    "--skip-preview",
    "--stack",
    stack,
    ...display,
    ...(configFile ? ["--config-file", configFile] : []),
  ];
  const stateOnly = ["--stack", stack, "--non-interactive"];

  async function query(argv: string[], otherwise?: string): Promise<string> {
    const done = await execa("pulumi", argv, { reject: false, stdin: "ignore" });
    if (done.exitCode === 0) return done.stdout;
    const unknown = /no stack named/.test(done.stderr);
    if (unknown && otherwise !== undefined) return otherwise;
    if (unknown)
      throw new SettingsError(
        `There is no stack ${stack}`,
        stack === "dev"
          ? "bring it up: npm run demo"
          : `make it: npm run pulumi -- stack init ${stack}, with a Pulumi.${stack}.yaml`,
      );
    throw new TurnoutError(
      `pulumi ${argv[0]} failed: ${done.stderr
        .trim()
        .split("\n")
        .at(-1)
        ?.replace(/^error: /, "")}`,
    );
  }

  async function show(argv: string[], overrides: Overrides = {}): Promise<number> {
    await clearInterrupted({
      pulumi: "pulumi",
      env: process.env as Record<string, string>,
      ...{ project, stack, dockerHost: await dockerHost() },
      say: (line) => process.stderr.write(`${line}\n`),
    });
    const env = Object.fromEntries(Object.entries(overrides).map(([name, value]) => [name, value ?? ""]));
    const child = execa("pulumi", argv, { env, reject: false, stdio: ["ignore", "inherit", "inherit"] });
    // This process stays to say who serves. On a terminal the engine gets the signal itself; elsewhere it is passed on.
    const pass = (signal: NodeJS.Signals) => process.stdout.isTTY || child.kill(signal);
    process.on("SIGINT", pass).on("SIGTERM", pass);
    try {
      return (await child).exitCode ?? 1;
    } finally {
      process.off("SIGINT", pass).off("SIGTERM", pass);
    }
  }

  // The demo is on this machine and its stack may not exist yet; every other one says itself where its server is.
  const dockerHost = async () =>
    (stack === "dev" ? undefined : (await everything())["docker:host"]?.value) ?? process.env.DOCKER_HOST ?? "";

  type Configuration = Record<string, { value?: string; objectValue?: unknown }>;
  // Each question to the engine takes half a second; what this command has not changed it need not ask for again.
  let known: Promise<Configuration> | undefined;
  const everything = () => {
    known ??= query(["config", "--json", "--show-secrets", ...about]).then((text) => JSON.parse(text) as Configuration);
    return known;
  };
  const changed = () => {
    known = undefined;
  };

  return {
    stack,
    dockerHost,
    async config() {
      const entries = Object.entries(await everything());
      return Object.fromEntries(
        entries
          .filter(([key]) => key.startsWith(`${project}:`))
          .map(([key, { value, objectValue }]) => [
            key.slice(project.length + 1),
            value ?? JSON.stringify(objectValue),
          ]),
      );
    },
    async set(path, value) {
      // Without its type a version such as 1042 would become a number.
      await query(["config", "set", "--path", "--type", "string", path, value, ...about]).finally(changed);
    },
    async remove(path) {
      await query(["config", "rm", "--path", path, ...about]).finally(changed);
    },
    async outputs() {
      return JSON.parse((await query(["stack", "output", "--json", ...stateOnly], "{}")) || "{}");
    },
    async state() {
      return JSON.parse((await query(["stack", "export", ...stateOnly], "{}")) || "{}");
    },
    async init() {
      const known = JSON.parse(await query(["stack", "ls", "--json"])) as { name: string }[];
      if (!known.some((one) => one.name === stack)) await query(["stack", "init", stack, "--non-interactive"]);
    },
    up: (overrides) => show(["up", ...shown], overrides),
    destroy: () => show(["destroy", ...shown]),
    async forget() {
      await query(["stack", "rm", stack, "--yes", "--preserve-config"], "");
    },
  };
}
