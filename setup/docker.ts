import { spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, onPath, work } from "./run.ts";
import { SetupError, type Step } from "./step.ts";

const daemonLog = "/var/log/turnout-dockerd.log";
const pidFile = "/var/run/docker.pid";
const install = "Install Docker Engine 20.10 or newer, start it, and let this user reach it";

/** How long a started daemon may take until it responds, in milliseconds. */
const startTimeout = 60_000;

/** A Docker engine that responds: the running one, else Debian's, installed and started here. */
export const dockerEngine: Step = {
  name: "docker engine",
  remedy: install,
  async check() {
    if (await responds()) return undefined;
    return `no engine responds at ${process.env.DOCKER_HOST ?? "the local socket"}`;
  },
  async run(say) {
    if (process.env.DOCKER_HOST)
      throw new SetupError(
        `The Docker engine at DOCKER_HOST (${process.env.DOCKER_HOST}) is unreachable`,
        "start it, or correct or unset DOCKER_HOST",
      );
    if (!isRootOnDebian())
      throw new SetupError(
        "No Docker engine responds, and it can be installed automatically only by root on Debian",
        install,
      );
    if (!(await onPath("dockerd")) || !(await onPath("docker"))) await installDebian(say);
    // Where an init system runs, the package has started the daemon already.
    if (!(await respondsWithin(3_000))) await startDaemon(say);
  },
};

/** A Swarm of which this node is a manager. */
export const swarm: Step = {
  name: "swarm",
  remedy: "Run `docker swarm init --advertise-addr ADDRESS` on the server, or point DOCKER_HOST at a manager",
  async check() {
    const state = await ask("docker", "info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}");
    if (state === "active true") return undefined;
    return state === "active false" ? "this engine is not a manager of its swarm" : "this engine is not in a swarm";
  },
  async run(say) {
    if (!isLocalEngine()) throw new SetupError("The engine at DOCKER_HOST is not a manager of a swarm", this.remedy);
    await work(
      {
        what: "creating a swarm of one node",
        argv: ["docker", "swarm", "init", "--advertise-addr", "127.0.0.1"],
        log: resolve(import.meta.dirname, "../.turnout/swarm.log"),
        remedy: this.remedy,
      },
      say,
    );
  },
};

/** Whether the engine is on this machine. @param host where it is, as DOCKER_HOST says; empty for the default one */
export function isLocalEngine(host = process.env.DOCKER_HOST ?? ""): boolean {
  return host === "" || host.startsWith("unix:");
}

/** Whether Debian packages can be installed here. */
export function isRootOnDebian(): boolean {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && existsSync("/usr/bin/apt-get");
}

/** Installs Debian packages without their recommendations. @throws SetupError */
export async function aptInstall(packages: string[], say: (line: string) => void): Promise<void> {
  const log = "/var/log/turnout-apt.log";
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await work({ what: "reading the package lists", argv: ["apt-get", "update"], env, log }, say);
  await work(
    {
      what: `installing ${packages.join(" and ")}`,
      argv: ["apt-get", "install", "--yes", "--no-install-recommends", ...packages],
      env,
      log,
    },
    say,
  );
}

async function installDebian(say: (line: string) => void): Promise<void> {
  await aptInstall(["docker.io"], say);
  // From Debian 13 on the client is a package of its own, which docker.io only recommends.
  if (!(await onPath("docker"))) await aptInstall(["docker-cli"], say);
}

async function startDaemon(say: (line: string) => void): Promise<void> {
  await removeStalePidFile();
  say("starting the daemon");
  const log = openSync(daemonLog, "a");
  const daemon = spawn("dockerd", [], { detached: true, stdio: ["ignore", log, log] });
  daemon.unref();
  if (await respondsWithin(startTimeout, () => daemon.exitCode === null)) return;
  const last = (await readFile(daemonLog, "utf8")).trimEnd().split("\n").slice(-8).join("\n    ");
  throw new SetupError(
    "The Docker daemon did not start",
    `read ${daemonLog} and start it by hand. The end of its log:\n    ${last}`,
  );
}

/** A killed daemon leaves its pid file, because of which the next one refuses to start. */
async function removeStalePidFile(): Promise<void> {
  const pid = await readFile(pidFile, "utf8").catch(() => undefined);
  if (pid === undefined) return;
  const name = await readFile(`/proc/${pid.trim()}/comm`, "utf8").catch(() => "");
  if (name.trim() !== "dockerd") await rm(pidFile, { force: true });
}

async function responds(): Promise<boolean> {
  return (await ask("docker", "version", "--format", "{{.Server.Version}}")) !== undefined;
}

async function respondsWithin(ms: number, worthWaiting = () => true): Promise<boolean> {
  for (const deadline = performance.now() + ms; performance.now() < deadline && worthWaiting(); await sleep(250))
    if (await responds()) return true;
  return false;
}
