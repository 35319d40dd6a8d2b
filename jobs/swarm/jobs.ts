import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type Docker from "dockerode";
import { jobPaths } from "../../core/jobs/argv.ts";
import type { MountedSecret, SoakInput } from "../../core/jobs/inputs.ts";
import { labels, names } from "../../core/names.ts";
import { type Clock, until } from "../until.ts";

/** The label that says which job a container or a service is: `<prefix>-<verb>`. */
const jobLabel = "turnout.job";

/** Whether a job started by `startJob` is under way. */
export async function jobRuns(docker: Docker, prefix: string, verb: string): Promise<boolean> {
  const filters = { label: [`${jobLabel}=${names(prefix).job(verb)}`] };
  return (await docker.listContainers({ filters })).length > 0;
}

/** Ends a job started by `startJob`, and removes its container; does nothing when there is none. */
export async function endJob(docker: Docker, prefix: string, verb: string): Promise<void> {
  const filters = { label: [`${jobLabel}=${names(prefix).job(verb)}`] };
  for (const old of await docker.listContainers({ all: true, filters }))
    await docker.getContainer(old.Id).remove({ force: true }).catch(unlessGone);
}

/**
 * Starts a job beside this one, which does not wait for it: with this job's own image and mounts, with its input in argv. It
 * replaces an earlier one of its kind, is restarted when it fails or the daemon restarts, and removes itself at its end.
 */
export async function startJob(docker: Docker, prefix: string, verb: string, input: object): Promise<void> {
  const name = names(prefix).job(verb);
  await endJob(docker, prefix, verb);
  const self = await docker.getContainer(hostname()).inspect();
  const mounts = (self.HostConfig.Mounts ?? []).filter(({ Type }) => Type !== "tmpfs");
  const container = await docker.createContainer({
    name: unique(name),
    Image: self.Image,
    Cmd: [verb, JSON.stringify(input)],
    Env: environment(),
    Labels: labelsOf(prefix, name),
    HostConfig: {
      Mounts: mounts,
      Init: true,
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": "" },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      NetworkMode: "none",
      RestartPolicy: { Name: "on-failure", MaximumRetryCount: 5 },
    },
  });
  await container.start();
}

/**
 * Starts the soak's job, with this job's own image. It is a service of the Swarm, since it needs secrets as files and
 * continues after a restart of the daemon or on another manager. It replaces an earlier one, and removes itself at its end.
 */
export async function startSoak(docker: Docker, input: SoakInput, secrets: MountedSecret[]): Promise<void> {
  const { prefix } = input;
  const name = names(prefix).job("soak");
  await removeServices(docker, prefix, (job) => job === name);
  const self = await docker.getContainer(hostname()).inspect();
  await docker.createService(soakService(unique(name), input, secrets, self.Config.Image));
}

/** Whether a stack has the service of a soak. */
export async function soaks(docker: Docker, prefix: string): Promise<boolean> {
  const filters = { label: [`${jobLabel}=${names(prefix).job("soak")}`] };
  return (await docker.listServices({ filters })).length > 0;
}

/** The service of a soak, as Docker is asked for it. @param name its own, unique one */
export function soakService(name: string, input: SoakInput, secrets: MountedSecret[], image: string) {
  const { prefix } = input;
  const own = labelsOf(prefix, names(prefix).job("soak"));
  return {
    Name: name,
    Labels: own,
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Args: ["soak", JSON.stringify(input)],
        Labels: own,
        Env: environment(),
        ReadOnly: true,
        Init: true,
        CapabilityDrop: ["ALL"],
        Mounts: [
          { Type: "volume", Source: names(prefix).journalVolume, Target: jobPaths.journal },
          { Type: "bind", Source: jobPaths.socket, Target: jobPaths.socket },
          { Type: "tmpfs", Source: "", Target: "/tmp" },
        ],
        Secrets: secrets.map((secret) => mountedSecret(secret, "0:0")),
      },
      Resources: { Limits: { MemoryBytes: 256 * 1024 * 1024, NanoCPUs: 1e9 } },
      RestartPolicy: { Condition: "on-failure", Delay: 2e9 },
      Networks: [{ Target: names(prefix).adminNetwork }],
      Placement: { Constraints: ["node.role == manager"] },
      LogDriver: { Name: "json-file", Options: { "max-size": "10m", "max-file": "3" } },
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: "dnsrr" },
  } satisfies Docker.CreateServiceOptions;
}

/** How a task mounts a secret: readable by its user alone. @param user `uid` or `uid:gid` */
export function mountedSecret(secret: MountedSecret, user: string) {
  const [uid = "0"] = user.split(":");
  const file = { Name: `/run/secrets/${secret.file}`, UID: uid, GID: uid, Mode: 0o400 };
  return { SecretID: secret.id, SecretName: secret.name, File: file };
}

/** Removes those services of a stack that are jobs or tasks and fit. @param fits gets the job's name */
export async function removeServices(
  docker: Docker,
  prefix: string,
  fits: (job: string | undefined) => boolean,
): Promise<void> {
  for (const { ID, Spec } of await docker.listServices({ filters: { label: [`${labels.stack}=${prefix}`] } }))
    if (isJob(Spec?.Labels) && fits(Spec?.Labels?.[jobLabel])) await docker.getService(ID).remove().catch(unlessGone);
}

/**
 * Removes every job of a stack but this one, attended or not.
 * @throws StepError when one of their containers is not removed within 60 s
 */
export async function removeJobs(docker: Docker, clock: Clock, prefix: string): Promise<void> {
  await removeServices(docker, prefix, () => true);
  const filters = { label: [`${labels.stack}=${prefix}`] };
  await until(clock, `The jobs of ${prefix} were not removed`, { timeout: 60 }, async () => {
    const found = await docker.listContainers({ all: true, filters });
    const left = found.filter(({ Id, Labels }) => isJob(Labels) && !Id.startsWith(hostname()));
    for (const { Id } of left) await docker.getContainer(Id).remove({ force: true }).catch(unlessGone);
    return left.length === 0 || `${left.length} remain`;
  });
}

/** The service whose task this very container is; undefined when it is none. */
export async function ownService(docker: Docker): Promise<string | undefined> {
  const { Config } = await docker.getContainer(hostname()).inspect();
  return Config.Labels["com.docker.swarm.service.name"];
}

function isJob(own: Record<string, string> | undefined): boolean {
  const role = own?.[labels.role];
  return role === "job" || role === "task";
}

function labelsOf(prefix: string, job: string): Record<string, string> {
  return { [labels.stack]: prefix, [labels.role]: "job", [jobLabel]: job };
}

function environment(): string[] {
  return [`TURNOUT_OPERATOR=${process.env.TURNOUT_OPERATOR ?? "unknown"}`];
}

function unique(name: string): string {
  return `${name}-${randomBytes(3).toString("hex")}`;
}

/** It was removed already, or is being removed. */
function unlessGone(error: { statusCode?: number }): void {
  if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
}
