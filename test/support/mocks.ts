import * as pulumi from "@pulumi/pulumi";
import { parseSettings } from "../../core/settings/settings.ts";
import type { System } from "../../core/system/schema.ts";
import { cleaning } from "../../systems/cleaning.ts";
import { validConfig } from "./config.ts";

/** A resource as the engine would be asked for it. */
export interface Registered {
  type: string;
  name: string;
  custom: boolean;
  /** `type name` of the parent; undefined at the top. */
  parent: string | undefined;
  /** Inputs with secrets opened. */
  inputs: Record<string, unknown>;
  /** Names of the inputs that are secret. */
  secrets: string[];
  /** `type name` of every resource that must be there first, by `dependsOn` or by an input. */
  dependsOn: string[];
  protect: boolean;
  ignoreChanges: string[];
  secretOutputs: string[];
  /** Its URN without stack and project: `type$type::name`, the types of its parents first. */
  path: string;
  /** Names and types it had before. */
  aliases: { name: string; type: string }[];
  /** The provider it was given; empty for the default one. */
  provider: string;
}

/** What a mock is asked for; the part of `MockResourceArgs` that matters here. */
type Asked = { type: string; name: string; inputs: Record<string, unknown> };

/** What a job of each step would answer. The time follows the order in which they are asked. */
function answerOf(name: string, asked: number): Record<string, unknown> {
  const at = `2026-11-20T10:00:${String(asked).padStart(2, "0")}.000Z`;
  const [step = ""] = name.replace(/-job$/, "").split(/-(?=blue$|green$)/);
  switch (step) {
    case "edge-preflight":
    case "edge-config":
    case "workers":
    case "smoke":
      return { step, at };
    case "backup":
      return { step, at, file: `${name}.dump`, bytes: 1, sha256: "0", tables: 1 };
    case "migration":
      return { step, at, from: null, revision: `revision-of-${name.replace(/-job$/, "")}` };
    case "shift":
      return { step, at, from: null, color: "blue", release: "mocked" };
    case "sweeps-all":
    case "sweeps-soak":
      return {};
    default:
      throw new Error(`no mock for the job ${name}`);
  }
}

/** What the provider knows of an image: only one from a registry has a digest there. */
function imageOf(reference: string) {
  const repository = reference.replace(/:[^:/]*$/, "");
  return {
    imageId: `sha256:${reference}`,
    repoDigest: reference.includes("/") ? `${repository}@sha256:of-${reference}` : "",
  };
}

/** Answers as the providers would; what it does not know fails the test. */
export function mockResource(asked: Asked, count = 0): { id: string; state: Record<string, unknown> } {
  const { type, name, inputs } = asked;
  if (type.startsWith("turnout:index:")) return { id: "", state: {} };
  switch (type) {
    case "docker:index/network:Network":
    case "docker:index/volume:Volume":
    case "docker:index/secret:Secret":
    case "docker:index/service:Service":
      return { id: `id-of-${name}`, state: inputs };
    case "docker:index/remoteImage:RemoteImage":
      return { id: `id-of-${name}`, state: { ...inputs, ...imageOf(String(inputs.name)) } };
    case "pulumi:providers:docker":
    case "pulumi:providers:command":
      return { id: name, state: inputs };
    case "command:local:Command":
      return { id: name, state: { ...inputs, stdout: JSON.stringify(answerOf(name, count)), stderr: "" } };
    default:
      throw new Error(`no mock for ${type} ${name}`);
  }
}

/** The parts of a register request that mocks are not shown. */
interface Request {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getParent(): string;
  getObject(): { toJavaScript(): Record<string, unknown> };
  getDependenciesList(): string[];
  getProtect(): boolean;
  getIgnorechangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getProvider(): string;
  getAliasesList(): { getSpec(): { getName(): string; getType(): string } | undefined }[];
}

/**
 * Runs a part of the program against mocks. Import components inside `compose`, so that they see the mocks.
 * @returns what `compose` returned, and every resource in the order in which the engine was asked for it
 */
export async function register<T>(compose: () => Promise<T>): Promise<{ value: T; resources: Registered[] }> {
  const resources: Registered[] = [];
  const mocks: pulumi.runtime.Mocks = {
    newResource: (args) => mockResource(args, resources.length),
    call: (args) => {
      throw new Error(`no mock for the function ${args.token}`);
    },
  };
  await pulumi.runtime.setMocks(mocks, "turnout", "test");
  const monitor = pulumi.runtime.getMonitor() as unknown as {
    registerResource(request: Request, ...rest: unknown[]): unknown;
  };
  const original = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, ...rest) => {
    resources.push(recordOf(request));
    return original(request, ...rest);
  };
  const value = await compose();
  await pulumi.runtime.disconnect();
  return { value, resources };
}

function recordOf(request: Request): Registered {
  const raw = Object.entries(request.getObject().toJavaScript());
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: request.getParent() ? idOf(request.getParent()) : undefined,
    path: `${typesIn(request.getParent())}${request.getType()}::${request.getName()}`,
    inputs: Object.fromEntries(raw.map(([key, value]) => [key, open(value)])),
    secrets: raw.filter(([, value]) => pulumi.runtime.isRpcSecret(value)).map(([key]) => key),
    dependsOn: request.getDependenciesList().map(idOf).sort(),
    protect: request.getProtect(),
    ignoreChanges: request.getIgnorechangesList(),
    secretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: request.getAliasesList().map((one) => ({
      name: one.getSpec()?.getName() ?? "",
      type: one.getSpec()?.getType() ?? "",
    })),
    provider: request.getProvider(),
  };
}

/** The types in a parent's URN, as a child's URN begins with them. */
function typesIn(parent: string): string {
  const [, , types] = parent.split("::");
  return types === undefined || types === "pulumi:pulumi:Stack" ? "" : `${types}$`;
}

/** `type name` of a URN, without the types of its parents. */
function idOf(urn: string): string {
  const [, , types = "", name = ""] = urn.split("::");
  return `${types.split("$").at(-1)} ${name}`;
}

/** Takes the wrapping off secrets at any depth. */
function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open);
  if (value === null || typeof value !== "object") return value;
  if (pulumi.runtime.isRpcSecret(value)) return open(pulumi.runtime.unwrapRpcSecret(value));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, open(one)]));
}

/** The one resource with this type and name. */
export function only(resources: Registered[], type: string, name: string): Registered {
  const found = resources.filter((one) => one.type === type && one.name === name);
  const [first] = found;
  if (!first || found.length > 1)
    throw new Error(
      `${found.length} resources are ${type} ${name}; there are ${resources.map((one) => one.name).join(", ")}`,
    );
  return first;
}

/** Every resource of a type. */
export function ofType(resources: Registered[], type: string): Registered[] {
  return resources.filter((one) => one.type === type);
}

/**
 * `type name` of everything that is there before a resource, by any path of dependencies. A child is registered
 * after its parent, so what the parent waits for, it waits for too.
 */
export function before(resources: Registered[], id: string): Set<string> {
  const found = new Set<string>();
  const visit = (one: string) => {
    const resource = resources.find((each) => `${each.type} ${each.name}` === one);
    if (!resource) throw new Error(`no resource ${one}`);
    if (resource.parent) visit(resource.parent);
    for (const earlier of resource.dependsOn) {
      if (found.has(earlier)) continue;
      found.add(earlier);
      visit(earlier);
    }
  };
  visit(id);
  return found;
}

export const types = {
  command: "command:local:Command",
  image: "docker:index/remoteImage:RemoteImage",
  network: "docker:index/network:Network",
  secret: "docker:index/secret:Secret",
  service: "docker:index/service:Service",
  volume: "docker:index/volume:Volume",
} as const;

/** Everything `index.ts` composes, from settings alone. */
export function registerProgram(
  config: Readonly<Record<string, string>> = {},
  more: { system?: System; epoch?: string; opsImage?: string } = {},
) {
  const system = more.system ?? cleaning;
  const settings = parseSettings({ ...validConfig, system: system.name, ...config }, { [system.name]: system }, "test");
  return register(async () => {
    const { Network } = await import("../../components/network.ts");
    const { Database } = await import("../../components/database.ts");
    const { LoadBalancer } = await import("../../components/load-balancer.ts");
    const { Release } = await import("../../components/release.ts");
    const prefix = "turnout-test";
    const opsImage = more.opsImage ?? "turnout-ops:1";
    const dockerHost = "";
    const network = new Network("network", { prefix });
    const database = new Database("database", { prefix, system, settings, network, image: "turnout-postgres:1" });
    const edge = new LoadBalancer("edge", {
      ...{ prefix, settings, network, opsImage, dockerHost },
      edgeImage: "turnout-edge:1",
    });
    const release = new Release("release", {
      ...{ prefix, system, settings, network, database, edge, dockerHost },
      epoch: more.epoch ?? "first",
    });
    return { network, database, edge, release };
  });
}

/** What an output comes to. */
export function settled<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}
