import type * as pulumi from "@pulumi/pulumi";
import { firstEpoch, type Observed } from "../core/deploy/observed.ts";
import type { Settings } from "../core/settings/settings.ts";
import type { System } from "../core/system/schema.ts";
import { Database } from "./database.ts";
import { LoadBalancer } from "./load-balancer.ts";
import { Network } from "./network.ts";
import { Release } from "./release.ts";

export interface ComposeArgs {
  prefix: string;
  system: System;
  settings: Settings;
  /** What runs on the server now. */
  observed: Observed;
  /** Turnout's own images, each with its tag. */
  images: { ops: string; edge: string; postgres: string };
  /** DOCKER_HOST of the server; empty for the default engine. */
  dockerHost: string;
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

/** Wires the components of one stack. */
export function compose({ prefix, system, settings, observed, images, dockerHost }: ComposeArgs): Outputs {
  const network = new Network("network", { prefix });
  const database = new Database("database", { prefix, system, settings, network, image: images.postgres });
  const edge = new LoadBalancer("edge", {
    ...{ prefix, settings, network, dockerHost },
    edgeImage: images.edge,
    opsImage: images.ops,
  });
  const epoch = observed.epoch ?? firstEpoch;
  const { shift, schemaRevision, lastBackup } = new Release("release", {
    ...{ prefix, system, settings, network, database, edge, dockerHost, epoch },
  });
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
