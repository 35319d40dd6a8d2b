import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import Docker from "dockerode";
import { execa } from "execa";
import { stringify } from "yaml";
import { stackOf } from "../../core/names.ts";
import { engineEnvironment, fileBackend } from "../../setup/engine.ts";
import { takeLock } from "../../shared/flock.ts";
import { type AgentLine, agentLine } from "./agent-call.ts";
import { ownName } from "./left-behind.ts";

const root = resolve(import.meta.dirname, "../..");

/** The output and the exit code of a command. */
export interface Outcome {
  code: number;
  /** Output and errors together, in order. */
  text: string;
  stdout: string;
  seconds: number;
}

/** A stack for one test: own names, ports, state and configuration; nothing of it remains after the test. */
export interface TestStack {
  readonly name: string;
  readonly prefix: string;
  readonly url: string;
  readonly previewUrl: string;
  readonly secrets: Record<string, string>;
  readonly env: Record<string, string>;
  /** The configuration as it will be written; change it, then `save`. */
  readonly settings: Record<string, unknown>;
  save(): Promise<void>;
  /** The engine with this stack's configuration. */
  pulumi(...argv: string[]): Promise<Outcome>;
  up(): Promise<Outcome>;
  /** `up` with the program of another checkout. */
  upIn(project: string): Promise<Outcome>;
  preview(): Promise<Outcome>;
  /** A command of the project: deploy, rollback, ops. */
  cli(...argv: string[]): Promise<Outcome>;
  /** `ops status --json`. */
  status(): Promise<Record<string, unknown> & { code: number }>;
  outputs(): Promise<Record<string, unknown>>;
  docker(...argv: string[]): Promise<string>;
  /** The edge's agent. */
  readonly agent: AgentLine;
  /** Ids of the containers of a service that run. */
  containers(service: string): Promise<string[]>;
  /** The state as it is on disk. */
  stateFile(): string;
  /** The same stack with a copy of its present state, separate from now on, as in another team's backend. */
  elsewhere(): Promise<{ up(): Promise<Outcome> }>;
  remove(): Promise<void>;
}

/** Creates a stack of the system `cleaning` with 1.0.0 on blue. */
export async function testStack(): Promise<TestStack> {
  const own = await ownName("it");
  const prefix = own.name;
  const name = stackOf(prefix);
  const directory = await mkdtemp(join(tmpdir(), `${prefix}-`));
  const configFile = join(directory, `Pulumi.${name}.yaml`);
  const [publicPort, previewPort] = [await freePort(), await freePort()];
  const secret = () => randomBytes(16).toString("hex");
  const secrets = { databasePassword: secret(), edgeToken: secret(), adminPassword: secret() };
  const settings: Record<string, unknown> = {
    system: "cleaning",
    activeColor: "blue",
    versions: { blue: "1.0.0" },
    production: false,
    exposeColor: true,
    rollout: { bake: 2, soak: 0, hold: 10, skew: 5, drain: 10 },
    thresholds: { window: 10 },
    ports: { public: publicPort, preview: previewPort },
    secrets,
  };
  const engineApi = new Docker();
  const engine = await engineEnvironment(root);
  const env = {
    ...engine.env,
    PULUMI_BACKEND_URL: fileBackend(directory),
    PULUMI_CONFIG_PASSPHRASE: "a passphrase of this test",
    TURNOUT_CONFIG_FILE: configFile,
    TURNOUT_OPERATOR: "test",
  };

  async function run(
    file: string,
    argv: string[],
    more: Record<string, string> = {},
    project = root,
  ): Promise<Outcome> {
    const began = performance.now();
    const done = await execa(file, argv, {
      cwd: project,
      env: { ...env, ...more },
      reject: false,
      all: true,
      stdin: "ignore",
      timeout: 600_000,
    });
    return {
      code: done.exitCode ?? 1,
      text: done.all,
      stdout: done.stdout,
      seconds: (performance.now() - began) / 1000,
    };
  }

  let isUp = false;
  /** A first update starts a dozen containers at once: at most two stacks come up at the same time, others run meanwhile. */
  async function first(up: () => Promise<Outcome>): Promise<Outcome> {
    if (isUp) return up();
    const unlock = await takeLock(join(tmpdir(), `turnout-tests-first-update-${process.pid % 2}.lock`), Infinity);
    try {
      const done = await up();
      isUp = done.code === 0;
      return done;
    } finally {
      if (typeof unlock === "function") await unlock();
    }
  }

  const about = ["--non-interactive", "--stack", name, "--config-file", configFile];
  const update = ["up", "--yes", "--skip-preview"];

  const stack: TestStack = {
    name,
    prefix,
    secrets,
    settings,
    env,
    url: `http://127.0.0.1:${publicPort}`,
    previewUrl: `http://127.0.0.1:${previewPort}`,
    save: () =>
      writeFile(
        configFile,
        stringify({
          config: Object.fromEntries(Object.entries(settings).map(([key, value]) => [`turnout:${key}`, value])),
        }),
      ),
    pulumi: (...argv) => run(engine.pulumi, [...argv, ...about]),
    up: () => stack.upIn(root),
    upIn: (project) => first(() => run(engine.pulumi, [...update, ...about], {}, project)),
    preview: () => stack.pulumi("preview"),
    cli: (...argv) => run(process.execPath, [join(root, "cli/main.ts"), ...argv, "--stack", name]),
    async status() {
      const { code, stdout, text } = await stack.cli("ops", "status", "--json");
      const line = stdout.trim().split("\n").at(-1) ?? "";
      if (!line.startsWith("{")) throw new Error(`no status: ${text}`);
      return { ...JSON.parse(line), code };
    },
    async outputs() {
      return JSON.parse((await run(engine.pulumi, ["stack", "output", "--json", "--stack", name])).stdout);
    },
    docker: async (...argv) => (await execa("docker", argv)).stdout,
    // By the socket: tests ask this again and again, and each start of the client would cost more than the answer.
    async containers(service) {
      const label = `com.docker.swarm.service.name=${prefix}-${service}`;
      return (await engineApi.listContainers({ filters: { label: [label] } })).map(({ Id }) => Id);
    },
    agent: agentLine(async () => (await stack.containers("agent"))[0] ?? ""),
    async elsewhere() {
      const backend = join(directory, `elsewhere-${randomBytes(3).toString("hex")}`);
      await cp(join(directory, ".pulumi"), join(backend, ".pulumi"), { recursive: true });
      return {
        up: () => run(engine.pulumi, [...update, ...about], { PULUMI_BACKEND_URL: fileBackend(backend) }),
      };
    },
    stateFile: () => join(directory, ".pulumi/stacks/turnout", `${name}.json`),
    async remove() {
      stack.agent.close();
      await own.remove();
      await rm(directory, { recursive: true, force: true });
      await rm(join(root, ".turnout", `change-${name}.lock`), { force: true });
    },
  };
  await stack.save();
  const made = await run(engine.pulumi, ["stack", "init", name, "--non-interactive"]);
  // The engine writes a configuration beside the project's, which is not used.
  await rm(join(root, `Pulumi.${name}.yaml`), { force: true });
  if (made.code !== 0) throw new Error(made.text);
  return stack;
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });
}
