import * as pulumi from "@pulumi/pulumi";
import type { Database } from "./database.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import { OpsJob } from "./ops-job.ts";

export interface SweepsArgs {
  /** `<project>-<stack>`. */
  prefix: string;
  /** The database, whose address a soak holds as a secret. */
  database: Database;
  /** The edge, whose token a soak holds as a secret. */
  edge: LoadBalancer;
  /** DOCKER_HOST of the server, such as `ssh://deploy@prod`; empty for the default engine. */
  dockerHost: pulumi.Input<string>;
}

/**
 * Ends the jobs that run by themselves, a handover of the workers or a soak, before the things they use are removed:
 * networks and volumes on `destroy`, a secret after its value has changed. It depends on all of these, so it is deleted
 * first.
 */
export class Sweeps extends pulumi.ComponentResource {
  constructor(name: string, args: SweepsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { prefix, database, edge, dockerHost } = args;
    super("turnout:index:Sweeps", name, { prefix }, opts);
    const sweep = (jobs: "soak" | "all", step: string, triggers: string[], dependsOn: pulumi.Resource[]) =>
      new OpsJob(
        `${name}-${jobs}`,
        {
          ...{ prefix, dockerHost, step, verb: "sweep", at: "deletion", docker: true },
          input: { prefix, jobs },
          triggers,
        },
        { parent: this, dependsOn, aliases: [{ name: step }] },
      );
    const all = sweep("all", "sweep", [prefix], []);
    // Deleted first: the other one removes every job it finds, this one's too.
    sweep("soak", "sweep-soak", [edge.token.name, database.url.name], [all]);
    this.registerOutputs({});
  }
}
