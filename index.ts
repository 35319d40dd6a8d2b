import * as pulumi from "@pulumi/pulumi";
import { Database } from "./components/database.ts";
import { LoadBalancer } from "./components/load-balancer.ts";
import { Network } from "./components/network.ts";
import { Release } from "./components/release.ts";
import { driftWarning } from "./core/deploy/drift.ts";
import { guardDeploy } from "./core/deploy/guards.ts";
import { firstEpoch } from "./core/deploy/observed.ts";
import { guardStrategy, withRun } from "./core/deploy/overrides.ts";
import { edgeAddress } from "./core/edge/address.ts";
import { readyChecks } from "./core/edge/input.ts";
import { TurnoutError } from "./core/errors.ts";
import { stackPrefix } from "./core/names.ts";
import { parseSettings } from "./core/settings/settings.ts";
import { dockerClient } from "./server/docker.ts";
import { endWithEngine } from "./server/end-with-engine.ts";
import { checkImages, checkOwnImages, observe } from "./server/observe.ts";
import { imageReference } from "./setup/images.ts";
import { systems } from "./systems/index.ts";

/** Checks first, then composes: nothing is created when a setting is wrong or a guard refuses. */
async function deploy() {
  const project = pulumi.getProject();
  const stack = pulumi.getStack();
  const settings = parseSettings(ownConfig(project), systems, stack);
  const thisRun = parseSettings(withRun(ownConfig(project), process.env), systems, stack);
  const system = systems[settings.system];
  if (!system) throw new Error(`no system ${settings.system}`);
  const prefix = stackPrefix(project, stack);
  const dockerHost = new pulumi.Config("docker").get("host") ?? process.env.DOCKER_HOST ?? "";
  const site = { prefix, stack, dockerHost, docker: dockerClient(dockerHost) };

  const root = import.meta.dirname;
  const [ops, edgeImage, postgres] = await Promise.all([
    imageReference(root, "ops"),
    imageReference(root, "edge"),
    imageReference(root, "postgres"),
  ]);
  const [present, observed] = await Promise.all([
    checkImages(site, settings, system),
    observe(site, { prefix, edge: edgeAddress(prefix, settings), ready: readyChecks(system) }),
    checkOwnImages(site, settings.database.external ? [ops, edgeImage] : [ops, edgeImage, postgres]),
  ]);
  guardDeploy(thisRun, observed, present);
  guardStrategy(thisRun, process.env);
  const drift = driftWarning(observed, settings);
  if (drift) await pulumi.log.warn(drift);

  const network = new Network("network", { prefix });
  const database = new Database("database", { prefix, system, settings, network, image: postgres });
  const edge = new LoadBalancer("edge", { prefix, settings, network, edgeImage, opsImage: ops, dockerHost });
  const epoch = observed.epoch ?? firstEpoch;
  const release = new Release("release", {
    ...{ prefix, system, settings, network, database, edge, dockerHost, epoch },
    opsImage: ops,
  });

  const at = (port: number) => `http://${settings.domain}${port === 80 ? "" : `:${port}`}`;
  const { shift, schemaRevision, lastBackup } = release;
  return {
    activeColor: shift.result.color,
    url: at(settings.ports.public),
    previewUrl: at(settings.ports.preview),
    versions: settings.versions,
    schemaRevision,
    lastBackup,
    release: shift.result.release,
  };
}

/** The project's own settings, without its name before each key. */
function ownConfig(project: string): Record<string, string> {
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(`${project}:`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(project.length + 1), value]));
}

endWithEngine();
const outputs = await deploy().catch((error: unknown) => {
  // A person's mistake gets its sentence, a defect its stack.
  throw error instanceof TurnoutError ? new pulumi.RunError(error.message) : error;
});

export const { activeColor, url, previewUrl, versions, schemaRevision, lastBackup, release } = outputs;
