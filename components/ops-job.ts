import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type JobRequest, jobPaths } from "../core/jobs/argv.ts";
import type { JobInputs, JobResult, JobVerb } from "../core/jobs/inputs.ts";
import { type SecretKey, splitInput, stableJson } from "../core/jobs/secrets.ts";
import { names } from "../core/names.ts";

/** Where a job's container runs, what it may reach, its input, and when it runs again. */
export interface JobArgs<V extends JobVerb> {
  /** `<project>-<stack>`, the beginning of every name of the stack. */
  prefix: string;
  /** The verb of the ops image that does the work. */
  verb: V;
  /** The step in the container's name, `<prefix>-<step>-<random>`. Default: the component's name. */
  step?: string;
  /** DOCKER_HOST of the server, such as `ssh://deploy@prod`; empty for the default engine. */
  dockerHost: pulumi.Input<string>;
  /**
   * The job's input. Its secrets (`SecretKey`) go by stdin and are encrypted in the state; everything else is plain, so
   * that a preview shows it. A part that holds a secret cannot be an output: its secret could not be taken out.
   */
  input: {
    [K in keyof JobInputs[V]]: K extends SecretKey ? JobInputs[V][K] : pulumi.Input<JobInputs[V][K]>;
  };
  /** Only a change of these runs the job again; any other change keeps the result of the last run. */
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
 * One step of a deploy as a one-shot container on the server. It continues when the operator's machine is disconnected;
 * `launcher/launch.ts` starts it and joins it again.
 */
export class OpsJob<V extends JobVerb, R extends JobResult = JobResult> extends pulumi.ComponentResource {
  /** What the job did, from its last line. Holds no secret. */
  readonly result: pulumi.Output<R>;

  constructor(name: string, args: JobArgs<V>, opts?: pulumi.ComponentResourceOptions) {
    super("turnout:index:OpsJob", name, { verb: args.verb, ...splitInput(args.input).plain }, opts);
    this.result = runJob<V, R>(name, args, this);
    this.registerOutputs({ result: this.result });
  }
}

/**
 * The command that runs a job, as a child of the component of its step. Every `command.local.Command` is made here. It
 * does not name the ops image: the launcher takes the present one, so a change of the jobs' own code changes no command.
 * @param name the component's name; up to 0.2.0 the command was named like its step
 * @returns what the job did
 */
export function runJob<V extends JobVerb, R extends JobResult>(
  name: string,
  args: JobArgs<V>,
  parent: pulumi.Resource,
): pulumi.Output<R> {
  const step = args.step ?? name;
  const { plain, secret } = splitInput(args.input);
  const run = new command.local.Command(
    `${name}-job`,
    {
      interpreter: ["node", "launcher/launch.ts"],
      ...(args.at === "deletion" ? { create: "later", delete: args.verb } : { create: args.verb }),
      // A new password or another time limit is no reason to do the work again: keep its result.
      update: "keep",
      environment: {
        TURNOUT_JOB: pulumi
          .all([args.dockerHost, ...args.triggers])
          .apply(([dockerHost = "", ...triggers]) => stableJson(requestOf(step, args, dockerHost, triggers))),
        TURNOUT_INPUT: pulumi.output(plain).apply(stableJson),
      },
      stdin: pulumi.secret(pulumi.output(secret).apply(stableJson)),
      triggers: args.triggers,
      logging: "stderr",
    },
    { parent, additionalSecretOutputs: ["stdin"], aliases: [{ name: step }] },
  );
  return pulumi.unsecret(run.stdout).apply((line) => JSON.parse(line) as R);
}

function requestOf<V extends JobVerb>(
  step: string,
  args: JobArgs<V>,
  dockerHost: string,
  triggers: string[],
): JobRequest {
  const named = names(args.prefix);
  return {
    name: named.job(step),
    verb: args.verb,
    prefix: args.prefix,
    network: args.network ?? named.adminNetwork,
    volumes: {
      ...(args.journal === false ? {} : { [jobPaths.journal]: named.journalVolume }),
      ...(args.backups ? { [jobPaths.backups]: named.backupsVolume } : {}),
    },
    docker: args.docker ?? false,
    dockerHost,
    key: createHash("sha256").update(JSON.stringify(triggers)).digest("hex").slice(0, 12),
  };
}
