import type { JobVerb } from "./inputs.ts";

/** The container of a job and what it may reach. Holds no secret. Its image is the present ops image. */
export interface JobRequest {
  /** `<prefix>-<step>`; the container's name adds a random ending. */
  name: string;
  verb: JobVerb;
  prefix: string;
  network: string;
  /** Named volumes by the place they are mounted at. */
  volumes: Record<string, string>;
  /** Whether it gets Docker's socket, to read or change services. */
  docker: boolean;
  /** The Docker engine of the server, as in DOCKER_HOST; empty for the default one. */
  dockerHost: string;
  /** Same text for the same work: a running container with it is joined instead of started twice. */
  key: string;
}

/** A request with the image that its container runs. */
export interface JobPlacement extends JobRequest {
  /** The ops image, with its tag. */
  image: string;
}

/** Where a job's volumes are mounted. */
export const jobPaths = { journal: "/journal", backups: "/backups", socket: "/var/run/docker.sock" } as const;

/**
 * The argv of `docker` that starts a job's container. Secrets are not in it: they go by stdin. The container outlives the
 * client: signals are not forwarded. The image is not pulled: the set-up builds it on the server.
 */
export function jobArgv(job: JobPlacement, suffix: string): string[] {
  const mounts = Object.entries(job.volumes).map(([target, source]) => `type=volume,source=${source},target=${target}`);
  if (job.docker) mounts.push(`type=bind,source=${jobPaths.socket},target=${jobPaths.socket}`);
  return [
    ...["run", "--interactive", "--rm", "--sig-proxy=false", "--init", "--pull", "never"],
    ...["--name", `${job.name}-${suffix}`],
    ...["--label", `turnout.stack=${job.prefix}`, "--label", "turnout.role=job"],
    ...["--label", `turnout.job=${job.name}`, "--label", `turnout.key=${job.key}`],
    ...["--network", job.network],
    ...["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ...mounts.flatMap((mount) => ["--mount", mount]),
    ...["--env", "TURNOUT_OPERATOR", "--env", "PULUMI_COMMAND_STDOUT"],
    job.image,
    job.verb,
  ];
}
