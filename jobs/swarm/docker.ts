import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import Docker from "dockerode";
import { StepError } from "../../core/errors.ts";
import type { MountedSecret, SoakInput, TaskSpec } from "../../core/jobs/inputs.ts";
import { labels, names } from "../../core/names.ts";
import { type Clock, until } from "../until.ts";
import {
  endJob,
  jobRuns,
  mountedSecret,
  ownService,
  removeJobs,
  removeServices,
  soaks,
  startJob,
  startSoak,
} from "./jobs.ts";

/** A task of a service: one try to run one replica. */
interface SwarmTask {
  ID: string;
  ServiceID: string;
  DesiredState: string;
  Slot?: number;
  Status: { State: string; Err?: string; ContainerStatus?: { ExitCode?: number } };
}

/** What a one-shot task left. */
export interface TaskOutcome {
  code: number;
  output: string;
}

/** A service of the stack and its replicas. */
export interface ServiceState {
  name: string;
  labels: Record<string, string>;
  /** The environment of its containers. */
  env: Record<string, string>;
  wanted: number;
  /** Tasks that run, and are healthy where the service has a health check. */
  running: number;
  /** Tasks that have not ended yet. */
  alive: number;
}

const ended = ["complete", "failed", "shutdown", "rejected", "orphaned", "remove"];

/** The Swarm as jobs see it, over Docker's socket. */
export class DockerEngine {
  readonly #docker: Docker;

  constructor(socket: string) {
    this.#docker = new Docker({ socketPath: socket });
  }

  /** The services of a stack with their replicas. */
  async services(prefix: string): Promise<ServiceState[]> {
    const filters = { label: [`${labels.stack}=${prefix}`] };
    const services = await this.#docker.listServices({ filters });
    const tasks = (await this.#docker.listTasks({ filters })) as SwarmTask[];
    return services.map((service) => {
      const own = tasks.filter((task) => task.ServiceID === service.ID);
      return {
        name: service.Spec?.Name ?? "",
        labels: service.Spec?.Labels ?? {},
        env: environmentOf(service),
        wanted: service.Spec?.Mode?.Replicated?.Replicas ?? 0,
        running: own.filter((task) => task.Status.State === "running" && task.DesiredState === "running").length,
        alive: own.filter((task) => !ended.includes(task.Status.State)).length,
      };
    });
  }

  /**
   * How many replicas each service of a stack is to have, by its name. It is asked within a watch, so Docker has a
   * second to answer.
   */
  async wantedReplicas(prefix: string): Promise<Map<string, number>> {
    const services = await this.#docker.listServices({
      filters: { label: [`${labels.stack}=${prefix}`] },
      abortSignal: AbortSignal.timeout(1_000),
    });
    return new Map(services.map(({ Spec }) => [Spec?.Name ?? "", Spec?.Mode?.Replicated?.Replicas ?? 0]));
  }

  /** The ports a service publishes on its node; none when there is no such service. */
  async publishedPorts(service: string): Promise<number[]> {
    const found = await this.#docker.listServices({ filters: { name: [service] } });
    const ports = found.find((one) => one.Spec?.Name === service)?.Spec?.EndpointSpec?.Ports ?? [];
    return ports.map((port) => port.PublishedPort ?? 0);
  }

  /** Whether a job started by `startJob` is under way. */
  jobRuns(prefix: string, verb: string): Promise<boolean> {
    return jobRuns(this.#docker, prefix, verb);
  }

  /** @see startJob */
  startJob(prefix: string, verb: string, input: object): Promise<void> {
    return startJob(this.#docker, prefix, verb, input);
  }

  /** Ends a job started by `startJob`; does nothing when there is none. */
  endJob(prefix: string, verb: string): Promise<void> {
    return endJob(this.#docker, prefix, verb);
  }

  /** @see startSoak */
  startSoak(input: SoakInput, secrets: MountedSecret[]): Promise<void> {
    return startSoak(this.#docker, input, secrets);
  }

  /** Whether a stack has a soak. */
  soaks(prefix: string): Promise<boolean> {
    return soaks(this.#docker, prefix);
  }

  /** Removes the service of a stack's soak; does nothing when there is none. */
  endSoak(prefix: string): Promise<void> {
    return removeServices(this.#docker, prefix, (job) => job === names(prefix).job("soak"));
  }

  /** @see removeJobs */
  removeJobs(context: Clock, prefix: string): Promise<void> {
    return removeJobs(this.#docker, context, prefix);
  }

  /** The service whose task this very container is; undefined when it is none. */
  ownService(): Promise<string | undefined> {
    return ownService(this.#docker);
  }

  /** Ends this very container, with its service if it is a task of one, and leaves nothing of it. */
  async removeSelf(): Promise<void> {
    const service = await this.ownService();
    if (service) await this.#docker.getService(service).remove();
    else await this.#docker.getContainer(hostname()).remove({ force: true });
  }

  /** Sets how many replicas a service has, nothing else. Does nothing when it has them. */
  async scale(name: string, replicas: number): Promise<void> {
    const service = this.#docker.getService(name);
    for (let tries = 1; ; tries++) {
      const found = (await service.inspect()) as { Spec: Docker.ServiceSpec; Version: { Index: number } };
      if (found.Spec.Mode?.Replicated?.Replicas === replicas) return;
      const Mode = { Replicated: { Replicas: replicas } };
      try {
        await service.update({ ...found.Spec, version: found.Version.Index, Mode });
        return;
      } catch (error) {
        // The Swarm itself has written to the service since it was read, such as that an update has ended.
        if (tries === 5 || !/update out of sequence/.test((error as Error).message)) throw error;
      }
    }
  }

  /**
   * Runs a command in a container of the Swarm to its end: with the service's own secrets as files, never in its
   * environment. A task of this name that an earlier try left is waited for first, then cleared away.
   */
  async runTask(
    context: Clock,
    name: string,
    prefix: string,
    task: TaskSpec,
    command: string[],
    timeout: number,
  ): Promise<TaskOutcome> {
    await this.#finishLeftover(context, name, timeout);
    const created = await this.#docker.createService({
      Name: `${name}-${randomBytes(2).toString("hex")}`,
      Labels: { [labels.stack]: prefix, [labels.role]: "task", "turnout.task": name },
      TaskTemplate: {
        ContainerSpec: {
          Image: task.image,
          Command: command,
          Labels: { [labels.stack]: prefix, [labels.role]: "task" },
          Env: Object.entries(task.env).map(([key, value]) => `${key}=${value}`),
          User: task.user,
          ReadOnly: true,
          Init: true,
          CapabilityDrop: ["ALL"],
          Mounts: task.tmpfs.map((target) => ({ Type: "tmpfs" as const, Target: target, Source: "" })),
          Secrets: task.secrets.map((secret) => mountedSecret(secret, task.user)),
        },
        RestartPolicy: { Condition: "none" },
        Networks: [{ Target: task.network }],
        Placement: { Constraints: task.constraints },
      },
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: { Mode: "dnsrr" },
    });
    const service = this.#docker.getService(created.id);
    try {
      return await this.#outcome(context, created.id, command, timeout);
    } finally {
      await service.remove().catch(() => undefined);
    }
  }

  async #outcome(context: Clock, id: string, command: string[], timeout: number): Promise<TaskOutcome> {
    const what = `\`${command.join(" ")}\` did not end`;
    let last: SwarmTask | undefined;
    await until(context, what, { timeout, every: 100 }, async () => {
      const tasks = (await this.#docker.listTasks({ filters: { service: [id] } })) as SwarmTask[];
      last = tasks[0];
      return last && ended.includes(last.Status.State) ? true : (last?.Status.Err ?? last?.Status.State ?? "no task");
    });
    if (last?.Status.State === "rejected") throw new StepError(`${what}: ${last.Status.Err ?? "rejected"}`);
    // Without `follow` it is the text itself, which the library's types do not say.
    const raw: unknown = await this.#docker.getService(id).logs({ stdout: true, stderr: true, follow: false });
    if (!Buffer.isBuffer(raw)) throw new Error(`Docker returned the logs of ${id} as ${typeof raw}`);
    return { code: last?.Status.ContainerStatus?.ExitCode ?? 1, output: demultiplex(raw) };
  }

  async #finishLeftover(context: Clock, name: string, timeout: number): Promise<void> {
    for (const left of await this.#docker.listServices({ filters: { label: [`turnout.task=${name}`] } })) {
      await until(context, `An earlier run of ${name} did not end`, { timeout }, async () => {
        const tasks = (await this.#docker.listTasks({ filters: { service: [left.ID] } })) as SwarmTask[];
        return tasks.every((task) => ended.includes(task.Status.State)) || "it is still running";
      });
      await this.#docker.getService(left.ID).remove();
    }
  }
}

/** Docker's log stream: frames of 8 bytes header (stream, length) and text. */
function demultiplex(raw: Buffer): string {
  const parts: string[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    const length = raw.readUInt32BE(at + 4);
    parts.push(raw.subarray(at + 8, at + 8 + length).toString("utf8"));
    at += 8 + length;
  }
  return parts.join("");
}

/** The environment a service gives its containers. */
function environmentOf(service: Docker.Service): Record<string, string> {
  const template = service.Spec?.TaskTemplate as { ContainerSpec?: { Env?: string[] } } | undefined;
  return Object.fromEntries(
    (template?.ContainerSpec?.Env ?? []).map((line) => {
      const end = line.indexOf("=");
      return [line.slice(0, end), line.slice(end + 1)];
    }),
  );
}
