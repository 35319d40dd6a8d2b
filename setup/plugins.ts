import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { engineEnvironment, pulumiHome, recordedEngine } from "./engine.ts";
import { builtPart } from "./engine-build.ts";
import { type Plugin, partFolder, parts, plugins } from "./engine-parts.ts";
import { work } from "./run.ts";
import { SetupError, type Step } from "./step.ts";

/** The recorded origin of a plugin that came from Pulumi itself. */
const official = "official";

/**
 * The provider plugins, in the project's own plugin home.
 * @param root the project folder
 */
export function pluginsStep(root: string): Step {
  return {
    name: "plugins",
    remedy: "Run `npm run setup`",
    async check() {
      const missing: string[] = [];
      for (const plugin of plugins) if (!(await isInstalled(root, plugin))) missing.push(plugin.name);
      return missing.length === 0 ? undefined : `${missing.join(" and ")} not installed yet`;
    },
    async run(say) {
      for (const plugin of plugins) if (!(await isInstalled(root, plugin))) await install(root, plugin, say);
    },
  };
}

async function install(root: string, plugin: Plugin, say: (line: string) => void): Promise<void> {
  const engine = engineEnvironment(root);
  const log = join(root, ".turnout", "plugins.log");
  const argv = [engine.pulumi, "plugin", "install", "resource", plugin.name, plugin.version, "--reinstall"] as const;
  const what = `installing ${plugin.name} ${plugin.version}`;
  if (recordedEngine(root)?.kind === "official") {
    try {
      await work({ what, argv: [...argv], env: engine.env, log }, say);
      return await recordOrigin(root, plugin, official);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      say(`${plugin.name} cannot be downloaded; building it from Go modules`);
    }
  }
  const part = parts[plugin.name];
  const folder = await builtPart(root, part, say);
  await work({ what, argv: [...argv, "--file", join(folder, part.program)], env: engine.env, log }, say);
  await recordOrigin(root, plugin, basename(folder));
}

/** A plugin that was built here is current if its sources have not changed since; its version alone does not tell. */
async function isInstalled(root: string, plugin: Plugin): Promise<boolean> {
  if (!existsSync(join(pluginFolder(root, plugin), `pulumi-resource-${plugin.name}`))) return false;
  const origin = await readFile(originFile(root, plugin), "utf8").catch(() => "");
  return origin === official || origin === basename(await partFolder(root, parts[plugin.name]));
}

async function recordOrigin(root: string, plugin: Plugin, origin: string): Promise<void> {
  await writeFile(originFile(root, plugin), origin);
}

function originFile(root: string, plugin: Plugin): string {
  return join(root, ".turnout", `plugin-${plugin.name}.origin`);
}

function pluginFolder(root: string, plugin: Plugin): string {
  return join(pulumiHome(root), "plugins", `resource-${plugin.name}-v${plugin.version}`);
}
