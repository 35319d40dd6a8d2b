import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { connectionString } from "../core/jobs/database-address.ts";
import type { DatabaseAddress } from "../core/jobs/inputs.ts";
import { names, tasksOf } from "../core/names.ts";
import type { Settings } from "../core/settings/settings.ts";
import { databaseUrlSecret, type System } from "../core/system/schema.ts";
import type { Network } from "./network.ts";
import { mountSecret, type SecretFile, secretFile } from "./secrets.ts";
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
  stopFirst,
} from "./swarm-service.ts";

export interface DatabaseArgs {
  /** `<project>-<stack>`. */
  prefix: string;
  /** The system whose database it is; names the database and its user. */
  system: System;
  /** The stack's settings: the password, `database`, `placement.data`. */
  settings: Settings;
  /** The networks it joins: both colors' and the admin network. */
  network: Network;
  /** Image of PostgreSQL, such as `turnout-postgres:0e5fbb8f2591`; unused with an external database. */
  image: pulumi.Input<string>;
}

/** The user and group of PostgreSQL in its image. */
const postgresUser = "101:101";

/**
 * The system's one database, which both colors share: PostgreSQL as a Swarm service on a volume, or an external
 * server (`database.external`), of which only the address is used.
 */
export class Database extends pulumi.ComponentResource {
  /** How jobs reach it. Holds the password, which a job gets only by stdin. */
  readonly address: DatabaseAddress;
  /** The connection string, for the services that name `databaseUrl` among their secrets. */
  readonly url: SecretFile;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    const { prefix, system, settings } = args;
    const external = settings.database.external;
    const { name: database, user } = system.database;
    const { maxConnections } = settings.database;
    super("turnout:index:Database", name, { database, user, ...(external ? { external } : { maxConnections }) }, opts);
    const password = settings.secrets.databasePassword ?? "";
    this.address = {
      host: external?.host ?? tasksOf(names(prefix).database),
      port: external?.port ?? 5432,
      name: system.database.name,
      user: system.database.user,
      password,
      sslmode: external?.sslmode ?? "disable",
    };
    this.url = secretFile(
      name,
      { prefix, key: "database-url", file: databaseUrlSecret.file },
      connectionString(this.address),
      this,
    );
    if (!external) this.createServer(name, args, password);
    this.registerOutputs({ host: this.address.host, port: this.address.port });
  }

  private createServer(name: string, args: DatabaseArgs, password: string): void {
    const { prefix, system, settings, network } = args;
    const named = names(prefix);
    const volume = new docker.Volume(
      `${name}-data`,
      { name: named.databaseVolume, labels: labelList(prefix, "database") },
      { parent: this, protect: settings.production },
    );
    const secret = secretFile(name, { prefix, key: "database-password", file: "postgres_password" }, password, this);
    const secure = hardened(postgresUser, ["/tmp", "/run/postgresql"]);
    new docker.Service(
      `${name}-server`,
      {
        name: named.database,
        labels: labelList(prefix, "database"),
        taskSpec: {
          containerSpec: {
            image: args.image,
            labels: labelList(prefix, "database"),
            ...secure,
            // PostgreSQL reaps its own children, and SIGINT to its first process starts a fast shutdown.
            init: false,
            stopSignal: "SIGINT",
            stopGracePeriod: "1m",
            mounts: [...secure.mounts, { type: "volume", source: volume.name, target: "/var/lib/postgresql/data" }],
            env: {
              POSTGRES_DB: system.database.name,
              POSTGRES_USER: system.database.user,
              POSTGRES_PASSWORD_FILE: "/run/secrets/postgres_password",
              TURNOUT_MAX_CONNECTIONS: String(settings.database.maxConnections),
            },
            secrets: [mountSecret(secret, postgresUser)],
            healthcheck: {
              tests: [
                "CMD",
                "pg_isready",
                "-q",
                "-h",
                "127.0.0.1",
                "-U",
                system.database.user,
                "-d",
                system.database.name,
              ],
              interval: checkInterval(settings.timeouts.check, 2),
              timeout: "3s",
              retries: 5,
              startPeriod: "30s",
            },
          },
          networksAdvanceds: [{ id: network.admin }, { id: network.color.blue }, { id: network.color.green }],
          placement: { constraints: settings.placement.data ?? ["node.role == manager"] },
          resources: limits(1024, 2),
          restartPolicy: restartAlways,
          logDriver: boundedLog,
        },
        endpointSpec: dnsRoundRobin,
        mode: { replicated: { replicas: 1 } },
        updateConfig: stopFirst,
        rollbackConfig: backwards(stopFirst),
        convergeConfig: converge(settings.timeouts.start),
      },
      { parent: this },
    );
  }
}
