import type * as pulumi from "@pulumi/pulumi";
import { firstEpoch, type Observed } from "../core/deploy/observed.ts";
import type { Settings } from "../core/settings/settings.ts";
import type { System } from "../core/system/schema.ts";
import { Database } from "./database.ts";
import { LoadBalancer } from "./load-balancer.ts";
import { Network } from "./network.ts";
import { Release } from "./release.ts";

export interface ComposeArgs {
  /** `<project>-<stack>`, the beginning of every name of the stack. */
  prefix: string;
  /** The system to deploy, from `systems/`. */
  system: System;
  /** The stack's settings, as `parseSettings` returns them. */
  settings: Settings;
  /** The present state of the server. */
  observed: Observed;
  /** Turnout's own images, each with its tag, such as `turnout-ops:70259c3fae50`. */
  images: { ops: pulumi.Input<string>; edge: pulumi.Input<string>; postgres: pulumi.Input<string> };
  /** DOCKER_HOST of the server, such as `ssh://deploy@prod`; empty for the default engine. */
  dockerHost: pulumi.Input<string>;
}

/** What the stack exports; the names stay stable, since other programs read them. */
export interface Outputs {
  activeColor: pulumi.Output<string>;
  url: string;
  previewUrl: string;
  versions: Settings["versions"];
  schemaRevision: pulumi.Output<string | null>;
  lastBackup: pulumi.Output<string | null>;
  release: pulumi.Output<string>;
}

/**
 * Wires the components of one stack.
 * @param opts options of each component, such as `{ providers }`, which then reach every resource
 */
export function compose(args: ComposeArgs, opts?: pulumi.ComponentResourceOptions): Outputs {
  const { prefix, system, settings, observed, images, dockerHost } = args;
  const network = new Network("network", { prefix }, opts);
  const database = new Database("database", { prefix, system, settings, network, image: images.postgres }, opts);
  const edge = new LoadBalancer(
    "edge",
    { ...{ prefix, settings, network, dockerHost }, edgeImage: images.edge, opsImage: images.ops },
    opts,
  );
  const epoch = observed.epoch ?? firstEpoch;
  const { shift, schemaRevision, lastBackup } = new Release(
    "release",
    { prefix, system, settings, network, database, edge, dockerHost, epoch },
    opts,
  );
  return {
    activeColor: shift.result.color,
    url: urlOf(settings, settings.ports.public),
    previewUrl: urlOf(settings, settings.ports.preview),
    versions: settings.versions,
    schemaRevision,
    lastBackup,
    release: shift.result.release,
  };
}

function urlOf({ domain }: Settings, port: number): string {
  return `http://${domain}${port === 80 ? "" : `:${port}`}`;
}
