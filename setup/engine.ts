import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { writeDurably } from "../shared/files.ts";
import { buildEngine, builtEngineFolder } from "./engine-build.ts";
import { downloadEngine, installedEngine, officialFolder } from "./engine-official.ts";
import { SetupError, type Step } from "./step.ts";

/** The passphrase of stack `dev`. It is public: everyone with this repository can read what it protects. */
export const devPassphrase = "turnout-dev";

/** The engine that this project uses. */
export interface EngineChoice {
  /** Whether it is Pulumi's own build, which fetches its own plugins, or ours from Go modules. */
  readonly kind: "official" | "built";
  /** The folder with `pulumi` and its language host. */
  readonly bin: string;
}

/** How to run the engine. */
export interface EngineEnvironment {
  /** Path of the CLI. */
  readonly pulumi: string;
  /** The environment variables to add to those of this process. */
  readonly env: Record<string, string>;
}

/**
 * How to run the engine of this project: with its own plugin home, and its own local state unless `PULUMI_BACKEND_URL`
 * names another. Nothing of the user's own Pulumi home or login is read or changed.
 * @param root the project folder
 * @param stack the stack to be worked on. Only `dev` has a default passphrase. Default: `dev`
 * @param inherited the environment to build on; default that of this process
 * @throws SetupError if the set-up has not been run
 */
export function engineEnvironment(
  root: string,
  stack: string | undefined = "dev",
  inherited: NodeJS.ProcessEnv = process.env,
): EngineEnvironment {
  const choice = recordedEngine(root);
  if (!choice || !existsSync(join(choice.bin, "pulumi")))
    throw new SetupError("The engine is not set up", "run `npm run setup`");
  const state = join(root, ".turnout", "state");
  mkdirSync(state, { recursive: true });
  const env: Record<string, string> = {
    PATH: [join(root, "node_modules", ".bin"), choice.bin, inherited.PATH ?? ""].join(delimiter),
    PULUMI_HOME: pulumiHome(root),
    PULUMI_BACKEND_URL: inherited.PULUMI_BACKEND_URL || fileBackend(state),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The operator, for the journal; a pipeline may name a more precise one.
    TURNOUT_OPERATOR: inherited.TURNOUT_OPERATOR || `${userInfo().username}@${hostname()}`,
  };
  if (choice.kind === "built") env.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
  const hasPassphrase =
    inherited.PULUMI_CONFIG_PASSPHRASE !== undefined || inherited.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
  if (!hasPassphrase && stack === "dev") env.PULUMI_CONFIG_PASSPHRASE = devPassphrase;
  return { pulumi: join(choice.bin, "pulumi"), env };
}

/**
 * URL of a backend in a folder. Without `metadata=skip` the engine keeps a file of attributes beside each file, which it does
 * not write atomically: killed while writing, it could no longer read its own state.
 */
export function fileBackend(folder: string): string {
  return `file://${folder}?metadata=skip`;
}

/** The plugin home of this project. @param root the project folder */
export function pulumiHome(root: string): string {
  return join(root, ".turnout", "pulumi");
}

/** The engine that the last set-up chose; undefined before the first. @param root the project folder */
export function recordedEngine(root: string): EngineChoice | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(root), "utf8")) as EngineChoice;
  } catch {
    return undefined;
  }
}

/** The engine: one that is installed, else the official download, else built from Go modules. */
export function engineStep(root: string): Step {
  return {
    name: "engine",
    remedy: "Run `npm run setup`, or install Pulumi yourself",
    async check() {
      const choice = await availableEngine(root);
      if (!choice) return "not installed yet";
      const recorded = recordedEngine(root);
      const same = recorded?.bin === choice.bin && recorded.kind === choice.kind;
      return same ? undefined : "in the cache, not yet recorded for this project";
    },
    async run(say) {
      if (!(await availableEngine(root)) && !(await downloadEngine(say))) {
        say("the official download is unreachable; building it from Go modules, which takes several minutes");
        await buildEngine(root, say);
      }
      const choice = await availableEngine(root);
      if (choice) await record(root, choice);
    },
  };
}

async function availableEngine(root: string): Promise<EngineChoice | undefined> {
  const installed = await installedEngine();
  if (installed) return { kind: "official", bin: installed };
  if (existsSync(join(officialFolder(), "pulumi"))) return { kind: "official", bin: officialFolder() };
  const built = await builtEngineFolder(root);
  return existsSync(join(built, "pulumi")) ? { kind: "built", bin: built } : undefined;
}

async function record(root: string, choice: EngineChoice): Promise<void> {
  const file = recordFile(root);
  await mkdir(join(root, ".turnout"), { recursive: true });
  await writeDurably(file, `${JSON.stringify(choice)}\n`);
}

function recordFile(root: string): string {
  return join(root, ".turnout", "engine.json");
}
