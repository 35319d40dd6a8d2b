import { execFile, spawn } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { OwnName } from "../left-behind.ts";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));

/** Ids of the images a rig runs: a tag may be moved by another checkout that builds at the same time. */
export type Images = { edge: string; agent: string };

/** The results of a load's requests. */
export type LoadResult = {
  sent: number;
  answered: number;
  byColor: Record<string, number>;
  lost: string[];
  longestMs: number;
  seconds: number;
};

/** Runs docker and returns its standard output. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run("docker", args, { maxBuffer: 1 << 24 });
  return stdout.trim();
}

/** Calls `ask` until its answer is neither undefined nor false. Fails with the last error or `what` after `seconds`. */
export async function poll<T>(what: string, seconds: number, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`, { cause: last });
    await delay(50);
  }
}

/** A free port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

/** Builds the edge's image and one with the agent, bundled as the ops image bundles it. */
export async function buildImages(): Promise<Images> {
  const root = join(here, "../../..");
  const context = await mkdtemp(join(tmpdir(), "turnout-agent-"));
  const image = (tag: string, directory: string) => docker("build", "--quiet", "--tag", tag, directory);
  try {
    await build({
      entryPoints: [join(here, "entry.ts")],
      outfile: join(context, "agent.js"),
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "error",
    });
    for (const file of ["Dockerfile", "backend.js", "load.js", "package.json"])
      await copyFile(join(here, file), join(context, file));
    return {
      agent: await image("turnout-test-agent:dev", context),
      edge: await image("turnout-edge:dev", join(root, "images/edge")),
    };
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** An edge, its agent and replicas on a network of their own; everything carries the label `turnout.stack=<name>`. */
export class Rig {
  readonly token: string;
  private readonly own: OwnName;
  private readonly images: Images;
  constructor(own: OwnName, token: string, images: Images) {
    this.own = own;
    this.token = token;
    this.images = images;
  }

  async create(): Promise<void> {
    await docker("network", "create", "--label", this.label, this.name);
    await docker("volume", "create", "--label", this.label, this.name);
  }

  get name(): string {
    return this.own.name;
  }

  get label(): string {
    return `turnout.stack=${this.name}`;
  }

  private run(name: string, ...args: string[]): Promise<string> {
    const common = ["--name", `${this.name}-${name}`, "--label", this.label, "--network", this.name];
    return docker("run", "--detach", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp", ...common, ...args);
  }

  /** Starts the edge; `ports` are on the loopback interface. */
  edge(ports: { public: number; preview: number; whoami: number }): Promise<string> {
    const publish = (host: number, target: number) => ["--publish", `127.0.0.1:${host}:${target}`];
    return this.run(
      "edge",
      ...[...publish(ports.public, 8080), ...publish(ports.preview, 8081), ...publish(ports.whoami, 8404)],
      ...["--volume", `${this.name}:/edge`, this.images.edge],
    );
  }

  /** Starts the agent; the token comes by a file on a volume, as a secret would. */
  async agent(port: number): Promise<string> {
    const { token, label, name } = this;
    const write = ["sh", "-c", "cat >/secrets/edge_token"];
    const put = docker("volume", "create", "--label", label, `${name}-secrets`).then(() =>
      pipe(
        token,
        ...["run", "--rm", "--interactive", "--user", "0", "--volume", `${name}-secrets:/secrets`],
        ...["--label", label, this.images.agent, ...write],
      ),
    );
    await put;
    return this.run(
      "agent",
      ...["--publish", `127.0.0.1:${port}:8090`, "--volume", `${name}:/edge`],
      ...["--volume", `${name}-secrets:/run/secrets:ro`, this.images.agent],
    );
  }

  /** Starts a replica of a service; `<rig>-<color>-<service>` is its Swarm name. */
  replica(id: string, service: string, release: string): Promise<string> {
    const env = ["--env", `NAME=${service}`, "--env", `RELEASE=${release}`];
    return this.run(
      id,
      ...["--network-alias", `tasks.${service}`, ...env, this.images.agent],
      ...["node", "/app/backend.js"],
    );
  }

  /** Starts the load; the returned function stops it and returns its results. */
  async load(url: string): Promise<() => Promise<LoadResult>> {
    const child = spawn("docker", [
      ...["run", "--rm", "--interactive", "--label", this.label, "--network", this.name],
      ...[this.images.agent, "node", "/app/load.js", url],
    ]);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    const closed = new Promise((resolve) => child.once("close", resolve));
    await poll("the load has begun", 10, async () => output.includes("asking"));
    return async () => {
      child.stdin.end();
      await closed;
      return JSON.parse(output.split("\n")[1] ?? "{}") as LoadResult;
    };
  }

  /** Removes everything with the rig's label. */
  remove(): Promise<void> {
    return this.own.remove();
  }
}

async function pipe(input: string, ...args: string[]): Promise<void> {
  const child = spawn("docker", args, { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`docker ${args[0]} ended with ${code}`);
}
