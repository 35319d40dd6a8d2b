import * as pulumi from "@pulumi/pulumi";
import type { MigrationResult } from "../core/jobs/inputs.ts";
import { type JobArgs, runJob } from "./ops-job.ts";

export interface MigrationArgs {
  /** The service whose image holds the migrations, such as `api`. */
  service: string;
  /** The command that upgrades the schema, such as `["alembic", "upgrade", "head"]`. */
  upgrade: string[];
  /** The command that prints the database's revision. */
  current: string[];
  /** The command that prints the revision the code wants. */
  heads: string[];
  /** The job that runs them on the server; its input names the release. */
  job: JobArgs<"migration">;
}

/**
 * The migration of one color's release: under an advisory lock, before its services start. The release is among its
 * inputs, so that the preview of every new release shows this component, and with it the commands that will run.
 */
export class Migration extends pulumi.ComponentResource {
  /** The schema's revision before; null for an empty database. */
  readonly from: pulumi.Output<string | null>;
  /** The schema's revision after. */
  readonly to: pulumi.Output<string | null>;
  /** What the job did, and when. */
  readonly result: pulumi.Output<MigrationResult>;

  constructor(name: string, args: MigrationArgs, opts?: pulumi.ComponentResourceOptions) {
    const { service, upgrade, current, heads } = args;
    const { color, version, release } = args.job.input;
    // Up to 0.2.0 it was an OpsJob.
    const aliases = [...(opts?.aliases ?? []), { type: "turnout:index:OpsJob" }];
    const inputs = { color, version, release, service, upgrade, current, heads };
    super("turnout:index:Migration", name, inputs, { ...opts, aliases });
    this.result = runJob<"migration", MigrationResult>(name, args.job, this);
    this.from = this.result.apply(({ from }) => from);
    this.to = this.result.apply(({ revision }) => revision);
    this.registerOutputs({ from: this.from, to: this.to });
  }
}
