import { Agent, get, type IncomingMessage, type RequestOptions } from "node:http";
import type { Color } from "../../../core/color.ts";
import { type EdgeConfigInput, edgeConfigHash, renderEdgeConfig } from "../../../core/edge/config.ts";
import { createEdgeClient, type EdgeClient } from "../../../jobs/edge/client.ts";
import { ownName } from "../left-behind.ts";
import { buildImages, freePort, poll, Rig } from "./rig.ts";

/** The releases a test's replicas show. */
export const releases = { blue: "1.0.0", green: "1.1.0" } as const;

/** A real edge with its agent and, for each color, a replica of `api` (under /v1) and of `web`. */
export class TestEdge {
  readonly rig: Rig;
  readonly ports: { public: number; preview: number; whoami: number; agent: number };
  readonly client: EdgeClient;
  private epoch = 0;

  private constructor(rig: Rig, ports: TestEdge["ports"]) {
    this.rig = rig;
    this.ports = ports;
    this.client = createEdgeClient({ baseUrl: `http://127.0.0.1:${ports.agent}`, token: rig.token });
  }

  /** Starts all containers; nothing is announced or configured yet. */
  static async start(name: string): Promise<TestEdge> {
    const rig = new Rig(await ownName(`test-${name}`), "a-token-for-this-test-only", await buildImages());
    const [publicPort, preview, whoami, agent] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const edge = new TestEdge(rig, { public: publicPort, preview, whoami, agent });
    await rig.create();
    await rig.edge(edge.ports);
    await rig.agent(agent);
    for (const color of ["blue", "green"] as const)
      for (const service of ["api", "web"])
        await rig.replica(`${color}-${service}`, edge.service(color, service), releases[color]);
    await poll("the agent and HAProxy are up", 20, async () => (await edge.client.state()).agrees);
    return edge;
  }

  /** The Swarm name of a service of a color. */
  service(color: string, service: string): string {
    return `${this.rig.name}-${color}-${service}`;
  }

  /** The configuration for the replicas, with a test's changes. */
  config(change: Partial<EdgeConfigInput> = {}): { text: string; hash: string } {
    const replica = { port: 8000, health: { path: "/healthz" }, identity: true };
    const text = renderEdgeConfig({
      stack: this.rig.name,
      serviceName: (color, service) => this.service(color, service),
      exposeColorHeader: true,
      slots: 4,
      routes: [
        { service: "api", paths: ["/v1"], ...replica },
        { service: "web", ...replica },
      ],
      ...change,
    });
    return { text, hash: edgeConfigHash(text) };
  }

  /** Configures it, announces both colors, waits for their replicas and commits blue. */
  async serveBlue(change: Partial<EdgeConfigInput> = {}): Promise<void> {
    await this.client.putConfig(this.config(change));
    await this.client.announce("blue", releases.blue);
    await this.client.announce("green", releases.green);
    await this.allUp(4);
    await this.commit("blue");
  }

  allUp(services: number) {
    return poll("every replica is up", 15, async () => {
      const answer = await this.client.servers();
      const up = answer.services.filter((one) => one.up >= 1);
      return up.length === services && answer;
    });
  }

  /** Commits a color with a new epoch. */
  commit(color: Color, more: Omit<Parameters<EdgeClient["commit"]>[0], "color" | "epoch"> = {}) {
    return this.client.commit({ color, epoch: this.nextEpoch(), ...more });
  }

  nextEpoch(): string {
    this.epoch += 1;
    return `e${this.epoch}`;
  }

  url(path = "/", port = this.ports.public): string {
    return `http://127.0.0.1:${port}${path}`;
  }

  /** One request on a connection of its own. */
  ask(path = "/", options: RequestOptions = {}): Promise<Answer> {
    return request(this.url(path), { agent: new Agent(), ...options });
  }

  /** The color that answers a new connection; false for anything but 200. */
  async served(path = "/", options: RequestOptions = {}): Promise<string | false> {
    const { status, headers } = await this.ask(path, options);
    return status === 200 && String(headers["x-turnout-color"]);
  }

  /** Waits until a color answers. */
  serves(color: string, seconds = 10) {
    return poll(`${color} serves`, seconds, async () => (await this.served()) === color);
  }
}

/** An answer with its whole body. */
export type Answer = {
  status: number | undefined;
  headers: IncomingMessage["headers"];
  body: string;
  complete: boolean;
};

/** One request with `node:http`, which keeps connections only as the agent in `options` says. */
export function request(url: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(url, options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => {
        const { statusCode: status, headers, complete } = response;
        resolve({ status, headers, body, complete });
      });
      response.on("error", reject);
    }).on("error", reject);
  });
}
