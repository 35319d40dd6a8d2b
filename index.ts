import * as pulumi from "@pulumi/pulumi";
import { compose } from "./components/compose.ts";
import { driftWarning } from "./core/deploy/drift.ts";
import { guardDeploy } from "./core/deploy/guards.ts";
import { guardStrategy, withOverrides } from "./core/deploy/overrides.ts";
import { edgeAddress } from "./core/edge/address.ts";
import { readyChecks } from "./core/edge/input.ts";
import { TurnoutError } from "./core/errors.ts";
import { stackPrefix } from "./core/names.ts";
import { parseSettings } from "./core/settings/settings.ts";
import { ownImageReferences } from "./images/own-images.ts";
import { dockerClient } from "./server/docker.ts";
import { endWithEngine } from "./server/end-with-engine.ts";
import { checkImages, checkOwnImages } from "./server/images.ts";
import { observe } from "./server/observe.ts";
import { systems } from "./systems/index.ts";

/** Checks first, then composes: nothing is created when a setting is wrong or a guard refuses. */
async function deploy() {
  const project = pulumi.getProject();
  const stack = pulumi.getStack();
  const settings = parseSettings(ownConfig(project), systems, stack);
  const effective = parseSettings(withOverrides(ownConfig(project), process.env), systems, stack);
  const system = systems[settings.system];
  if (!system) throw new Error(`no system ${settings.system}`);
  const prefix = stackPrefix(project, stack);
  const dockerHost = new pulumi.Config("docker").get("host") ?? process.env.DOCKER_HOST ?? "";
  const target = { prefix, stack, dockerHost, docker: dockerClient(dockerHost) };

  const images = await ownImageReferences(import.meta.dirname);
  const [present, observed] = await Promise.all([
    checkImages(target, settings, system),
    observe(target, { prefix, edge: edgeAddress(prefix, settings), ready: readyChecks(system) }),
    checkOwnImages(target, settings.database.external ? [images.ops, images.edge] : Object.values(images)),
  ]);
  guardDeploy(effective, observed, present);
  guardStrategy(effective, process.env);
  const drift = driftWarning(observed, settings);
  if (drift) await pulumi.log.warn(drift);
  return compose({ prefix, system, settings, observed, images, dockerHost });
}

/** The project's own settings, without its name before each key. */
function ownConfig(project: string): Record<string, string> {
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(`${project}:`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(project.length + 1), value]));
}

endWithEngine();
const outputs = await deploy().catch((error: unknown) => {
  // What a person can fix gets its sentence, a defect its stack.
  throw error instanceof TurnoutError ? new pulumi.RunError(error.message) : error;
});

export const { activeColor, url, previewUrl, versions, schemaRevision, lastBackup, release } = outputs;
