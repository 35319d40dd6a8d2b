import { join } from "node:path";
import { baseImageStep } from "./base-image.ts";
import { dependenciesCurrent } from "./dependencies.mjs";
import { dockerEngine, swarm } from "./docker.ts";
import { engineStep } from "./engine.ts";
import { cacheHome } from "./engine-parts.ts";
import { projectImagesStep } from "./images.ts";
import { withLock } from "./lock.ts";
import { pluginsStep } from "./plugins.ts";
import { runSteps, SetupError, type Step } from "./step.ts";

/**
 * All prerequisites in their order. Each may rely on those before it.
 * @param root the project folder
 */
export function setupSteps(root: string): Step[] {
  return [
    dependencies(root),
    dockerEngine,
    swarm,
    engineStep(root),
    pluginsStep(root),
    baseImageStep(root),
    projectImagesStep(root),
  ];
}

/**
 * Installs everything that is missing. If nothing is, this takes about a second.
 * @param root the project folder
 * @throws SetupError
 */
export async function ensureSetup(root: string): Promise<void> {
  const lock = join(cacheHome(), "set-up.lock");
  await runSteps(setupSteps(root), {
    // Standard error, so that results on standard output stay clean.
    say: (line) => console.error(line),
    now: () => performance.now(),
    exclusively: (work, wait) => withLock(lock, work, wait),
  });
}

/**
 * Checks whether the engine can be used, without installing anything.
 * @throws SetupError naming what is missing
 */
export async function requireSetup(root: string): Promise<void> {
  for (const step of [dockerEngine, engineStep(root), pluginsStep(root)]) {
    const missing = await step.check();
    if (missing !== undefined) throw new SetupError(`${step.name}: ${missing}`, "run `npm run setup`");
  }
}

/** `start.mjs` installs them before anything here can run; this is for programs that were started without it. */
function dependencies(root: string): Step {
  const remedy = "Run `npm run setup`";
  return {
    name: "npm dependencies",
    remedy,
    check: async () => (dependenciesCurrent(root) ? undefined : "not installed, or not those of package-lock.json"),
    run: async () => {
      throw new SetupError("The npm dependencies are not those of package-lock.json", remedy);
    },
  };
}
