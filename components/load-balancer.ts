import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { edgeAddress } from "../core/edge/address.ts";
import type { EdgeAddress } from "../core/jobs/inputs.ts";
import { edgePorts, names } from "../core/names.ts";
import type { Settings } from "../core/settings/settings.ts";
import type { Network } from "./network.ts";
import { OpsJob } from "./ops-job.ts";
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

export interface LoadBalancerArgs {
  /** `<project>-<stack>`. */
  prefix: string;
  /** The stack's settings: `ports`, `placement.edge`, the agent's token. */
  settings: Settings;
  /** The networks HAProxy joins: both colors' and the admin network, which is the agent's only one. */
  network: Network;
  /** Image with HAProxy, such as `turnout-edge:3e354c581fe5`. */
  edgeImage: pulumi.Input<string>;
  /** Image whose verb `agent` is the edge's agent, such as `turnout-ops:70259c3fae50`. */
  opsImage: pulumi.Input<string>;
  /** DOCKER_HOST of the server, such as `ssh://deploy@prod`; empty for the default engine. */
  dockerHost: pulumi.Input<string>;
}

/** The user of both containers, which owns the volume they share. */
const edgeUser = "10001:10001";

/**
 * HAProxy on the node's own ports, and its agent beside it. They share a volume with HAProxy's sockets, configuration
 * and maps, which no other service mounts. Either can be killed or upgraded without the other.
 */
export class LoadBalancer extends pulumi.ComponentResource {
  /** How jobs reach the edge. Holds the agent's token, which a job gets only by stdin. */
  readonly address: EdgeAddress;
  /** The agent's token as a file, for services that call the agent. */
  readonly token: SecretFile;

  constructor(name: string, args: LoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { settings, prefix } = args;
    super("turnout:index:LoadBalancer", name, { ports: settings.ports, domain: settings.domain }, opts);
    this.address = edgeAddress(prefix, settings);
    this.token = secretFile(name, { prefix, key: "edge-token", file: "edge_token" }, this.address.token, this);
    const portsFree = this.checkPorts(name, args);

    const volume = new docker.Volume(
      `${name}-volume`,
      { name: names(prefix).edgeVolume, labels: labelList(prefix, "edge") },
      { parent: this },
    );
    // Neither waits for the other: each finds what it needs on the volume, in either order.
    this.createProxy(name, args, volume.name, portsFree);
    this.createAgent(name, args, volume.name, portsFree);
    const { token: _secret, ...address } = this.address;
    this.registerOutputs({ address });
  }

  /** With a port in use, a Swarm task stays pending without an error. This fails before anything is changed. */
  private checkPorts(name: string, args: LoadBalancerArgs): pulumi.Resource {
    const { prefix, dockerHost } = args;
    const { public: open, preview } = args.settings.ports;
    const ports = { public: open, preview };
    return new OpsJob(
      `${name}-preflight`,
      {
        ...{ prefix, dockerHost, verb: "preflight", step: "preflight" },
        ...{ network: "host", journal: false, docker: true },
        input: { prefix, ports },
        triggers: [JSON.stringify(ports)],
      },
      { parent: this, aliases: [{ name: "preflight" }] },
    );
  }

  private createProxy(
    name: string,
    args: LoadBalancerArgs,
    volume: pulumi.Output<string>,
    after: pulumi.Resource,
  ): docker.Service {
    const { prefix, settings, network } = args;
    const secure = hardened(edgeUser, ["/tmp"]);
    const published = (target: number, port: number, portName: string) => ({
      name: portName,
      targetPort: target,
      publishedPort: port,
      protocol: "tcp",
      publishMode: "host",
    });
    return new docker.Service(
      `${name}-haproxy`,
      {
        name: names(prefix).edge,
        labels: labelList(prefix, "edge"),
        taskSpec: {
          containerSpec: {
            image: args.edgeImage,
            labels: labelList(prefix, "edge"),
            ...secure,
            init: false,
            stopGracePeriod: "30s",
            mounts: [...secure.mounts, { type: "volume", source: volume, target: "/edge" }],
            healthcheck: {
              tests: ["CMD", "/usr/local/bin/healthcheck"],
              // The first check is in time for the provider, which polls 5 s after the start and again 10 s later. Docker 25
              // and later makes the first check after 5 s, whatever the interval.
              interval: checkInterval(settings.timeouts.check, 3),
              timeout: "3s",
              retries: 3,
              startPeriod: "10s",
            },
          },
          networksAdvanceds: [{ id: network.admin }, { id: network.color.blue }, { id: network.color.green }],
          placement: { constraints: edgeConstraints(settings) },
          resources: limits(512, 2),
          restartPolicy: restartAlways,
          logDriver: boundedLog,
        },
        endpointSpec: {
          ...dnsRoundRobin,
          ports: [
            published(edgePorts.public, settings.ports.public, "public"),
            published(edgePorts.preview, settings.ports.preview, "preview"),
          ],
        },
        mode: { replicated: { replicas: 1 } },
        updateConfig: stopFirst,
        rollbackConfig: backwards(stopFirst),
        convergeConfig: converge(settings.timeouts.start),
      },
      { parent: this, dependsOn: [after] },
    );
  }

  private createAgent(
    name: string,
    args: LoadBalancerArgs,
    volume: pulumi.Output<string>,
    after: pulumi.Resource,
  ): docker.Service {
    const { prefix, settings } = args;
    const secure = hardened(edgeUser, ["/tmp"]);
    return new docker.Service(
      `${name}-agent`,
      {
        name: names(prefix).agent,
        labels: labelList(prefix, "agent"),
        taskSpec: {
          containerSpec: {
            image: args.opsImage,
            args: ["agent"],
            labels: labelList(prefix, "agent"),
            ...secure,
            // Destroying a service waits at most this long for its container to stop; the agent itself stops at once.
            stopGracePeriod: "30s",
            mounts: [...secure.mounts, { type: "volume", source: volume, target: "/edge" }],
            env: { TURNOUT_TOKEN_FILE: "/run/secrets/edge_token" },
            secrets: [mountSecret(this.token, edgeUser)],
            healthcheck: {
              // A connection is enough, and saves a Node process every other second.
              tests: ["CMD", "bash", "-c", `exec 3<>/dev/tcp/127.0.0.1/${edgePorts.agent}`],
              interval: checkInterval(settings.timeouts.check, 2),
              timeout: "3s",
              retries: 3,
              startPeriod: "10s",
            },
          },
          networksAdvanceds: [{ id: args.network.admin }],
          placement: { constraints: edgeConstraints(settings) },
          resources: limits(256, 1),
          restartPolicy: restartAlways,
          logDriver: boundedLog,
        },
        endpointSpec: dnsRoundRobin,
        mode: { replicated: { replicas: 1 } },
        updateConfig: stopFirst,
        rollbackConfig: backwards(stopFirst),
        convergeConfig: converge(settings.timeouts.start),
      },
      { parent: this, dependsOn: [after] },
    );
  }
}

function edgeConstraints(settings: Settings): string[] {
  return settings.placement.edge ?? ["node.role == manager"];
}
