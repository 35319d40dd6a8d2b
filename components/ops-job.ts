import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type JobPlacement, jobPaths } from "../core/jobs/argv.ts";
import type { JobInputs, JobResult, JobVerb } from "../core/jobs/inputs.ts";
import { names } from "../core/names.ts";

export interface OpsJobArgs<V extends JobVerb> {
  prefix: string;
  verb: V;
  /** The ops image. */
  image: string;
  /** DOCKER_HOST of the server; empty for the default engine. */
  dockerHost: string;
  /** What the job is told. Goes in by stdin, is encrypted in the state. */
  input: { [K in keyof JobInputs[V]]: pulumi.Input<JobInputs[V][K]> };
  /** Only a change of these runs the job again. A new ops image alone does not. */
  triggers: pulumi.Input<string>[];
  /**
   * `deletion`: it runs when its resource is removed, or replaced because of a trigger, before anything it depends on is
   * removed; it has no result. Default `creation`.
   */
  at?: "creation" | "deletion";
  /** Network of the container. Default: the stack's admin network. */
  network?: string;
  /** Mount the volume with the journal. Default true. */
  journal?: boolean;
  /** Mount the volume with the backups. Default false. */
  backups?: boolean;
  /** Give it Docker's socket. Default false. */
  docker?: boolean;
}

/**
 * One step of a deploy as a one-shot container on the server. The only place that makes a `command.local.Command`.
 * It goes on when the operator's machine goes away; `launcher/launch.ts` starts it and joins it again.
 */
export class OpsJob<V extends JobVerb, R extends JobResult = JobResult> extends pulumi.ComponentResource {
  /** What the job did, from its last line. Holds no secret. */
  readonly result: pulumi.Output<R>;

  constructor(name: string, args: OpsJobArgs<V>, opts?: pulumi.ComponentResourceOptions) {
    super("turnout:index:OpsJob", name, {}, opts);
    const placement = pulumi.all(args.triggers).apply((triggers) => JSON.stringify(placementOf(name, args, triggers)));
    const run = new command.local.Command(
      name,
      {
        interpreter: ["node", "launcher/launch.ts"],
        ...(args.at === "deletion" ? { create: "later", delete: args.verb } : { create: args.verb }),
        // A new ops image or a new password is no reason to do the work again: keep what was done.
        update: "keep",
        environment: { TURNOUT_JOB: placement },
        stdin: pulumi.secret(pulumi.jsonStringify(args.input)),
        triggers: args.triggers,
        logging: "stderr",
      },
      { parent: this, additionalSecretOutputs: ["stdin"] },
    );
    this.result = pulumi.unsecret(run.stdout).apply((line) => JSON.parse(line) as R);
    this.registerOutputs({ result: this.result });
  }
}

function placementOf<V extends JobVerb>(name: string, args: OpsJobArgs<V>, triggers: string[]): JobPlacement {
  const named = names(args.prefix);
  return {
    image: args.image,
    name: named.job(name),
    verb: args.verb,
    prefix: args.prefix,
    network: args.network ?? named.adminNetwork,
    volumes: {
      ...(args.journal === false ? {} : { [jobPaths.journal]: named.journalVolume }),
      ...(args.backups ? { [jobPaths.backups]: named.backupsVolume } : {}),
    },
    docker: args.docker ?? false,
    dockerHost: args.dockerHost,
    key: createHash("sha256").update(JSON.stringify(triggers)).digest("hex").slice(0, 12),
  };
}
