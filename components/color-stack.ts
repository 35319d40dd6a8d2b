import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Color } from "../core/color.ts";
import { names } from "../core/names.ts";
import { releaseOf } from "../core/release/release.ts";
import { replicasOf, type Settings } from "../core/settings/settings.ts";
import { imageOf, type Service, type System } from "../core/system/schema.ts";
import type { Network } from "./network.ts";
import { mountSecret, type SecretFile } from "./secrets.ts";
import {
  backwards,
  boundedLog,
  checkInterval,
  converge,
  dnsRoundRobin,
  hardened,
  labelList,
  limits,
  restartAlways,
  startFirst,
} from "./swarm-service.ts";

export interface ReleaseImagesArgs {
  color: Color;
  /** The image tag, such as `1.4.1`. */
  version: string;
  /** The system whose services' images they are. */
  system: System;
}

/** The images of one color's version, present on the server, and the release they amount to. */
export class ReleaseImages extends pulumi.ComponentResource {
  /** What each service runs: pinned by digest where the image came from a registry. */
  readonly references: Record<string, pulumi.Output<string>>;
  /** `<version>-<hash of the images>`: the same version built again is another release. */
  readonly release: pulumi.Output<string>;

  constructor(name: string, args: ReleaseImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    const { color, version, system } = args;
    const wanted = Object.entries(system.services).map(([key, service]) => [key, imageOf(service, version)] as const);
    super("turnout:index:ReleaseImages", name, { color, version, images: Object.fromEntries(wanted) }, opts);
    const images = Object.entries(system.services).map(([service, definition]) => {
      const image = new docker.RemoteImage(
        `${name}-${service}`,
        { name: imageOf(definition, version), keepLocally: true },
        { parent: this },
      );
      return [service, image] as const;
    });
    this.references = Object.fromEntries(
      images.map(([service, image]) => [
        service,
        pulumi.all([image.name, image.repoDigest]).apply(([reference, digest]) => digest || reference),
      ]),
    );
    this.release = pulumi.all(images.map(([, image]) => image.imageId)).apply((ids) => releaseOf(version, ids));
    this.registerOutputs({ release: this.release });
  }
}

export interface ColorStackArgs {
  /** `<project>-<stack>`. */
  prefix: string;
  color: Color;
  /** The image tag that the color runs, such as `1.4.1`. */
  version: string;
  /** The images of that version, present on the server. */
  images: ReleaseImages;
  /** The system whose services they are. */
  system: System;
  /** The stack's settings: `replicas`, `timeouts`. */
  settings: Settings;
  /** The networks; the color's own is joined. */
  network: Network;
  /** Every secret a service may name. */
  secrets: Record<string, SecretFile>;
}

/**
 * The services of one color: healthy, hardened, each with its identity in the environment. Workers are created with 0
 * replicas. A job starts those of the active color, so this component ignores their number.
 */
export class ColorStack extends pulumi.ComponentResource {
  /** Ids of the web services. */
  readonly web: pulumi.Output<string>[] = [];
  /** Changes with every change of a worker, so that the job that starts them runs again. */
  readonly workers: pulumi.Output<string>;

  constructor(name: string, args: ColorStackArgs, opts?: pulumi.ComponentResourceOptions) {
    const { color, version, settings, images } = args;
    const replicas = mapServices(args.system, (service) => replicasOf(settings, service));
    super("turnout:index:ColorStack", name, { color, version, release: images.release, replicas }, opts);
    const specs: pulumi.Output<string>[] = [];
    for (const [service, definition] of Object.entries(args.system.services)) {
      const created = this.createService(`${name}-${service}`, service, definition, args);
      if (definition.kind === "web") this.web.push(created.id);
      else specs.push(pulumi.jsonStringify([created.id, created.taskSpec]));
    }
    this.workers = pulumi
      .all(specs)
      .apply((texts) => createHash("sha256").update(texts.join("\n")).digest("hex").slice(0, 12));
    this.registerOutputs({ web: this.web, workers: this.workers });
  }

  private createService(name: string, service: string, definition: Service, args: ColorStackArgs): docker.Service {
    const { prefix, color, settings } = args;
    const serviceName = names(prefix).service(color, service);
    // Without the version: a changed label replaces the service, and strategy `rolling` changes it in place.
    const role = { "turnout.color": color, "turnout.service": service };
    const worker = definition.kind === "worker";
    return new docker.Service(
      name,
      {
        name: serviceName,
        labels: labelList(prefix, definition.kind, role),
        taskSpec: {
          containerSpec: {
            image: args.images.references[service] ?? "",
            labels: labelList(prefix, definition.kind, role),
            env: {
              ...definition.env,
              TURNOUT_COLOR: color,
              TURNOUT_SERVICE: serviceName,
              TURNOUT_VERSION: args.version,
              TURNOUT_RELEASE: args.images.release,
            },
            ...hardened(definition.user, definition.tmpfs),
            secrets: definition.secrets.map((key) => mountSecret(secretOf(args, key), definition.user)),
            stopGracePeriod: duration(worker ? settings.timeouts.workers : definition.stopGrace),
            healthcheck: {
              tests: ["CMD", ...definition.healthCommand],
              // Each check starts a process. Requests wait for a restarted replica, but not for a worker.
              interval: checkInterval(settings.timeouts.check, worker ? 3 : 1),
              timeout: "3s",
              retries: 3,
              startPeriod: "20s",
            },
          },
          networksAdvanceds: [{ id: args.network.color[color] }],
          resources: limits(definition.memory, definition.cpus),
          restartPolicy: restartAlways,
          logDriver: boundedLog,
        },
        endpointSpec: dnsRoundRobin,
        mode: { replicated: { replicas: worker ? 0 : replicasOf(settings, service) } },
        updateConfig: startFirst,
        rollbackConfig: backwards(startFirst),
        convergeConfig: converge(settings.timeouts.start),
      },
      { parent: this, ignoreChanges: worker ? ["mode.replicated.replicas"] : [] },
    );
  }
}

function mapServices<T>(system: System, of: (service: string) => T): Record<string, T> {
  return Object.fromEntries(Object.keys(system.services).map((service) => [service, of(service)]));
}

function secretOf(args: ColorStackArgs, key: string): SecretFile {
  const secret = args.secrets[key];
  if (!secret) throw new Error(`no secret ${key}`);
  return secret;
}

/** Seconds as Docker writes them back, so that the next preview sees no difference. */
function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  if (minutes === 0) return `${rest}s`;
  return rest === 0 ? `${minutes}m` : `${minutes}m${rest}s`;
}
