import { randomBytes } from "node:crypto";
import type { Color } from "../../core/color.ts";
import { names } from "../../core/names.ts";
import { imageReference } from "../../images/own-images.ts";
import { callAgent } from "./agent-call.ts";
import { poll } from "./poll.ts";
import type { TestStack } from "./stack.ts";

/** A release that a color runs. */
export interface Running {
  color: Color;
  version: string;
  release: string;
}

/** The part of the edge's answer that tests use. */
export interface EdgeView {
  committed: Color | null;
  candidate: Color | null;
  weight: number;
  live: { committed: Color | null; candidate: Color | null; weight: number } | null;
  drain: { left: number; remainingMs: number } | null;
}

/** The state of the edge, from its agent. */
export async function edgeView(stack: TestStack): Promise<EdgeView> {
  const { status, body } = await callAgent(stack, "GET", "/v1/state");
  if (status !== 200) throw new Error(`the agent answered ${status}`);
  return body as unknown as EdgeView;
}

/**
 * Gives an idle color another version in seconds, without an update: its services run the images, under a release name
 * that is new, the edge trusts them, and the journal records them as prepared.
 * @param env further environment of the services
 */
export async function putVersion(
  stack: TestStack,
  color: Color,
  version: string,
  env: Record<string, string> = {},
): Promise<Running> {
  const release = `${version}-${randomBytes(4).toString("hex")}`;
  const update = (service: string) =>
    changeService(
      stack,
      ...["service", "update", "--quiet", "--detach", "--no-resolve-image"],
      // The Swarm must not treat a replica that a test kills soon after as a failed update.
      ...["--update-failure-action", "continue"],
      ...(service === "jobs" ? [] : ["--replicas", "1"]),
      ...["--image", `turnout-example-cleaning-${service}:${version}`],
      ...["--env-add", `TURNOUT_VERSION=${version}`, "--env-add", `TURNOUT_RELEASE=${release}`],
      ...Object.entries(env).flatMap(([name, value]) => ["--env-add", `${name}=${value}`]),
      ...["--update-order", "stop-first"],
      names(stack.prefix).service(color, service),
    );
  await Promise.all(["api", "web", "jobs"].map(update));
  await callAgent(stack, "PUT", "/v1/releases", { color, release });
  // As a program of before the chain wrote it: beside the real writer there is no other.
  const about = { at: new Date().toISOString(), operator: "test", color, version, release };
  await record(stack, { ...about, step: "migration", event: "done", took: 0, from: null, revision: null });
  await poll(`${release} on ${color}`, 90, async () => {
    const up = await readyReplicas(stack, color);
    return (up.api ?? 0) > 0 && (up.web ?? 0) > 0 ? true : undefined;
  });
  return { color, version, release };
}

/** Adds a record to a stack's journal. */
async function record(stack: TestStack, one: object): Promise<void> {
  const ops = await imageReference(`${import.meta.dirname}/../..`, "ops");
  const mount = `type=volume,source=${names(stack.prefix).journalVolume},target=/journal`;
  const write = ["-c", 'printf "%s\\n" "$1" >> /journal/journal.jsonl', "sh", JSON.stringify(one)];
  await stack.docker("run", "--rm", "--network", "none", "--mount", mount, "--entrypoint", "sh", ops, ...write);
}

/** How many replicas of each web service of a color the edge trusts. */
export async function readyReplicas(stack: TestStack, color: Color): Promise<Record<string, number>> {
  const { body } = await callAgent(stack, "GET", "/v1/servers");
  const services = body.services as { color: Color; service: string; up: number }[];
  return Object.fromEntries(services.filter((one) => one.color === color).map(({ service, up }) => [service, up]));
}

/** Kills every replica of a service at once, and prevents restarts. */
export async function crash(stack: TestStack, color: Color, service: string): Promise<void> {
  const ids = await stack.containers(`${color}-${service}`);
  const name = names(stack.prefix).service(color, service);
  // Killed first: scaling down would stop the replicas gracefully, unlike a crash.
  await stack.docker("kill", "--signal", "KILL", ...ids);
  await changeService(stack, "service", "scale", "--detach", `${name}=0`);
}

/**
 * Runs a docker command that changes a service. The Swarm may write to it at the same moment, and then refuses once.
 */
export async function changeService(stack: TestStack, ...args: string[]): Promise<void> {
  await poll(`docker ${args.join(" ")}`, 10, () => stack.docker(...args).then(() => true));
}

/** Starts a crashed service again. */
export async function revive(stack: TestStack, color: Color, service: string): Promise<void> {
  await changeService(stack, "service", "scale", "--detach", `${names(stack.prefix).service(color, service)}=1`);
  await poll(`${color} ${service} again`, 90, async () =>
    (await readyReplicas(stack, color))[service] === 1 ? true : undefined,
  );
}
