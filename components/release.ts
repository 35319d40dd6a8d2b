import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type Color, otherColor, type PerColor } from "../core/color.ts";
import { edgeConfigHash, renderEdgeConfig } from "../core/edge/config.ts";
import { edgeConfigInput, readyChecks } from "../core/edge/input.ts";
import type { BackupResult, JobResult, JobVerb, ShiftResult, TaskSpec, Wanted } from "../core/jobs/inputs.ts";
import { names } from "../core/names.ts";
import { replicasOf, type Settings } from "../core/settings/settings.ts";
import { type System, servicesOf } from "../core/system/schema.ts";
import { probesOf } from "../core/system/smoke.ts";
import { ColorStack, ReleaseImages } from "./color-stack.ts";
import type { Database } from "./database.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import { Migration } from "./migration.ts";
import type { Network } from "./network.ts";
import { type JobArgs, OpsJob } from "./ops-job.ts";
import { describeSecret, type SecretFile, secretFile } from "./secrets.ts";
import { labelList } from "./swarm-service.ts";
import { Sweeps } from "./sweeps.ts";

export interface ReleaseArgs {
  /** `<project>-<stack>`. */
  prefix: string;
  /** The system to deploy: its services, migrations and smoke tests. */
  system: System;
  /** The stack's settings: colors, versions, strategy, rollout, timeouts. */
  settings: Settings;
  network: Network;
  database: Database;
  edge: LoadBalancer;
  /** DOCKER_HOST of the server, such as `ssh://deploy@prod`; empty for the default engine. */
  dockerHost: pulumi.Input<string>;
  /** The edge's epoch as observed. It differs when something other than `pulumi up` has changed the active color. */
  epoch: pulumi.Input<string>;
}

/** A release that is deployed to a color. */
interface Candidate {
  images: ReleaseImages;
  identity: { prefix: string; color: Color; version: string; release: pulumi.Output<string> };
}

/** What a color has once its steps have succeeded. */
interface Prepared {
  images: ReleaseImages;
  backup: OpsJob<"backup", BackupResult>;
  migration: Migration;
  smoke: OpsJob<"smoke">;
}

/**
 * Everything a deploy does, in order. For each color with a version: backup, migration, start, workers, smoke. Each of
 * them runs again only for a new release of that color. Then one shift for the system.
 */
export class Release extends pulumi.ComponentResource {
  readonly shift: OpsJob<"shift", ShiftResult>;
  readonly prepared: Partial<PerColor<Prepared>> = {};
  readonly schemaRevision: pulumi.Output<string | null>;
  readonly lastBackup: pulumi.Output<string | null>;
  private readonly args: ReleaseArgs;
  private readonly secrets: Record<string, SecretFile>;

  constructor(name: string, args: ReleaseArgs, opts?: pulumi.ComponentResourceOptions) {
    const { prefix, settings, system } = args;
    super("turnout:index:Release", name, { system: system.name, versions: settings.versions }, opts);
    this.args = args;
    const named = names(prefix);
    const volume = (role: string, volumeName: string) =>
      new docker.Volume(
        `${name}-${role}`,
        { name: volumeName, labels: labelList(prefix, "ops") },
        { parent: this, protect: settings.production, aliases: [{ name: volumeName }] },
      );
    const volumes = [volume("journal", named.journalVolume), volume("backups", named.backupsVolume)];
    this.secrets = { databaseUrl: args.database.url };
    for (const [key, secret] of Object.entries(system.secrets))
      this.secrets[key] = secretFile(name, { prefix, key, file: secret.file }, settings.secrets[key] ?? "", this);

    new Sweeps("sweeps", args, { parent: this, dependsOn: [...volumes, args.network, args.database, args.edge] });
    const routes = this.edgeConfig([...volumes, args.edge]);
    // The idle color comes last: a failure there must not keep users from the color that is to become active.
    const active = settings.activeColor;
    const before = [...volumes, args.database, routes];
    this.prepared[active] = this.prepare(active, before);
    this.shift = this.shiftTo(active);
    const idle = otherColor(active);
    if (settings.versions[idle] !== undefined) this.prepared[idle] = this.prepare(idle, [...before, this.shift]);
    const prepared = Object.values(this.prepared);
    this.schemaRevision = newest(prepared.map((one) => one.migration.result)).apply((last) => last?.revision ?? null);
    this.lastBackup = newest(prepared.map((one) => one.backup.result)).apply((last) => last?.at ?? null);
    this.registerOutputs({
      shift: this.shift.result,
      schemaRevision: this.schemaRevision,
      lastBackup: this.lastBackup,
    });
  }

  private edgeConfig(dependsOn: pulumi.Resource[]) {
    const text = renderEdgeConfig(edgeConfigInput(this.args.prefix, this.args.system, this.args.settings));
    const hash = edgeConfigHash(text);
    return this.job("edge-config", "edge-config", {
      input: { prefix: this.args.prefix, edge: this.args.edge.address, text, hash },
      triggers: [hash],
      dependsOn,
    });
  }

  /** The steps before the shift, one after the other. A rollback runs none of them. */
  private prepare(color: Color, dependsOn: pulumi.Resource[]): Prepared {
    const candidate = this.candidate(color);
    const backup = this.backup(candidate, dependsOn);
    const migration = this.migration(candidate, backup);
    const stack = this.start(candidate, migration);
    const workers = this.workers(candidate, stack);
    const smoke = this.smoke(candidate, workers);
    return { images: candidate.images, backup, migration, smoke };
  }

  private candidate(color: Color): Candidate {
    const { prefix, settings, system } = this.args;
    const version = settings.versions[color] ?? "";
    const images = new ReleaseImages(`images-${color}`, { color, version, system }, { parent: this });
    return { images, identity: { prefix, color, version, release: images.release } };
  }

  /** The backup before anything changes. */
  private backup({ images, identity }: Candidate, dependsOn: pulumi.Resource[]) {
    const { settings, edge, database } = this.args;
    return this.job<"backup", BackupResult>(`backup-${identity.color}`, "backup", {
      input: {
        ...identity,
        edge: edge.address,
        database: database.address,
        strategy: settings.strategy,
        web: this.wanted("web"),
        workers: this.wanted("worker"),
        workerGrace: settings.timeouts.workers,
        timeout: 3600,
      },
      triggers: [images.release],
      backups: true,
      docker: true,
      dependsOn,
    });
  }

  /** The schema changes first, while only the old code runs. */
  private migration({ images, identity }: Candidate, backup: pulumi.Resource) {
    const { settings, system, edge, database } = this.args;
    const { service, upgrade, current, heads, revisionPattern, aheadPattern } = system.migrations;
    return new Migration(
      `migration-${identity.color}`,
      {
        ...{ service, upgrade, current, heads },
        job: this.jobArgs("migration", {
          input: {
            ...identity,
            edge: edge.address,
            database: database.address,
            strategy: settings.strategy,
            task: this.taskOf(service, identity.color, images),
            ...{ upgrade, current, heads, revisionPattern, aheadPattern },
            ready: readyChecks(system),
            lockTimeout: settings.database.lockTimeout,
            timeout: 3600,
          },
          triggers: [images.release],
          docker: true,
        }),
      },
      { parent: this, dependsOn: [backup] },
    );
  }

  /** The services of the new release, without traffic. */
  private start({ images, identity }: Candidate, migration: pulumi.Resource): ColorStack {
    const { system, settings, network } = this.args;
    const { prefix, color, version } = identity;
    return new ColorStack(
      `color-${color}`,
      { prefix, color, version, images, system, settings, network, secrets: this.secrets },
      { parent: this, dependsOn: [migration] },
    );
  }

  /** Its workers run if the color is active, or if no color is; otherwise they stay stopped. */
  private workers({ identity: { prefix, color } }: Candidate, stack: ColorStack) {
    const { edge, settings } = this.args;
    const workers = this.wanted("worker");
    const { start: timeout, workers: workerGrace } = settings.timeouts;
    return this.job(`workers-${color}`, "workers", {
      input: { ...{ prefix, color, edge: edge.address, workers, timeout }, workerGrace },
      triggers: [stack.workers, JSON.stringify(workers)],
      docker: true,
      dependsOn: [stack],
    });
  }

  /** The smoke tests, through the preview entrance. */
  private smoke({ images, identity }: Candidate, workers: pulumi.Resource) {
    const { system, settings, edge } = this.args;
    return this.job(`smoke-${identity.color}`, "smoke", {
      input: {
        ...identity,
        edge: edge.address,
        web: this.wanted("web"),
        checks: system.smoke,
        secrets: Object.fromEntries(Object.keys(system.secrets).map((key) => [key, settings.secrets[key] ?? ""])),
        timeout: settings.timeouts.smoke,
      },
      triggers: [images.release],
      dependsOn: [workers],
    });
  }

  /** All traffic to this color. Its triggers are everything that decides which color is active. */
  private shiftTo(color: Color) {
    const { prefix, system, settings, database, edge, epoch } = this.args;
    const target = this.prepared[color];
    if (!target) throw new Error(`${color} has no version`);
    const workers = { blue: this.wanted("worker"), green: this.wanted("worker") };
    if (settings.versions[otherColor(color)] === undefined) workers[otherColor(color)] = [];
    const { strategy, rollout, thresholds, timeouts } = settings;
    return this.job<"shift", ShiftResult>("shift", "shift", {
      input: {
        ...{ prefix, color, version: settings.activeVersion, release: target.images.release },
        ...{ epoch, strategy, rollout, thresholds, workers },
        edge: edge.address,
        database: database.address,
        web: this.wanted("web"),
        probes: probesOf(system.smoke),
        metrics: system.metrics ?? null,
        ready: readyChecks(system),
        timeout: timeouts.start,
        workerGrace: timeouts.workers,
        soakSecrets: pulumi.all([edge.token, database.url].map(describeSecret)),
      },
      triggers: [color, target.images.release, epoch],
      docker: true,
      dependsOn: [target.smoke],
    });
  }

  private job<V extends JobVerb, R extends JobResult = JobResult>(name: string, verb: V, args: StepArgs<V>) {
    const { dependsOn, ...rest } = args;
    return new OpsJob<V, R>(name, this.jobArgs(verb, rest), { parent: this, dependsOn });
  }

  private jobArgs<V extends JobVerb>(verb: V, rest: Omit<StepArgs<V>, "dependsOn">): JobArgs<V> {
    const { prefix, dockerHost } = this.args;
    return { prefix, verb, dockerHost, ...rest };
  }

  /** How a command of the application runs once: like its service, in the network of its color. */
  private taskOf(service: string, color: Color, images: ReleaseImages): pulumi.Output<TaskSpec> {
    const definition = this.args.system.services[service];
    if (!definition) throw new Error(`no service ${service}`);
    const secrets = definition.secrets.flatMap((key) => this.secrets[key] ?? []).map(describeSecret);
    return pulumi.output({
      image: images.references[service] ?? "",
      network: names(this.args.prefix).colorNetwork(color),
      env: definition.env,
      user: definition.user,
      tmpfs: definition.tmpfs,
      secrets,
      constraints: this.args.settings.placement.data ?? ["node.role == manager"],
    });
  }

  private wanted(kind: "web" | "worker"): Wanted[] {
    const { system, settings } = this.args;
    return servicesOf(system, kind).map(([service]) => ({ service, replicas: replicasOf(settings, service) }));
  }
}

/** The arguments of a step beside those that all steps of the release share. */
type StepArgs<V extends JobVerb> = Omit<JobArgs<V>, "prefix" | "verb" | "dockerHost"> & {
  dependsOn: pulumi.Resource[];
};

/** The latest result, by the time the job ended. */
function newest<R extends JobResult>(results: pulumi.Output<R>[]): pulumi.Output<R | undefined> {
  return pulumi.all(results).apply((all) => (all as R[]).toSorted((a, b) => a.at.localeCompare(b.at)).at(-1));
}
