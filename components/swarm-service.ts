import { createHash } from "node:crypto";
import type * as docker from "@pulumi/docker";
import { labels } from "../core/names.ts";

/** Labels of everything Turnout creates. */
export function labelList(prefix: string, role: string, more: Record<string, string> = {}) {
  const all = { [labels.stack]: prefix, [labels.role]: role, ...more };
  return Object.entries(all).map(([label, value]) => ({ label, value }));
}

/** Tasks restart at once, without a limit. `delay` and `window` are set, because an unset one shows as a change each time. */
export const restartAlways = {
  condition: "any",
  delay: "1s",
  window: "0s",
} satisfies docker.types.input.ServiceTaskSpecRestartPolicy;

/** Addresses of the tasks themselves instead of a virtual one: no kernel module, no stale balancing. */
export const dnsRoundRobin = { mode: "dnsrr" } as const;

/** One replica after the other, the new one first. Swarm rolls back by itself when a new one does not stay up. */
export const startFirst = {
  parallelism: 1,
  order: "start-first",
  failureAction: "rollback",
  monitor: "5s",
  delay: "0s",
  maxFailureRatio: "0.0",
} satisfies docker.types.input.ServiceUpdateConfig;

/** For tasks that hold a port or a volume: the old one must stop before the new one can start. */
export const stopFirst = { ...startFirst, order: "stop-first" } satisfies docker.types.input.ServiceUpdateConfig;

/** How Swarm rolls back: the same way; if that fails too, it stops and waits for a person. */
export function backwards(update: typeof startFirst | typeof stopFirst) {
  return { ...update, failureAction: "pause" };
}

/**
 * Time between two health checks of a container. Each check starts a process, so a small server may want fewer.
 * @param check the setting `timeouts.check`, in seconds
 * @param least the shortest time for this container, in seconds
 */
export function checkInterval(check: number, least: number): string {
  return `${Math.max(check, least)}s`;
}

/** `pulumi up` returns when the tasks run, or fails after `seconds`. */
export function converge(seconds: number) {
  return { delay: "500ms", timeout: `${seconds}s` } satisfies docker.types.input.ServiceConvergeConfig;
}

/** Hardening of a container: no root, no capabilities, a read-only root file system. */
export function hardened(user: string, tmpfs: readonly string[]) {
  return {
    user,
    readOnly: true,
    capDrops: ["ALL"],
    init: true,
    // As Docker returns them, in their order and without a sticky bit: a refresh must not show a change.
    mounts: tmpfs.toSorted().map((target) => ({
      type: "tmpfs",
      target,
      tmpfsOptions: { mode: 0o777, sizeBytes: 64 * 1024 * 1024 },
    })),
  };
}

/** Limits of one replica. @param memory MiB @param cpus cores */
export function limits(memory: number, cpus: number) {
  return { limits: { memoryBytes: memory * 1024 * 1024, nanoCpus: Math.round(cpus * 1e9) } };
}

/** Keeps a container's log from filling the disk. */
export const boundedLog = { name: "json-file", options: { "max-size": "10m", "max-file": "3" } };

/**
 * A Swarm secret cannot change, so a new value needs a new name. Eight hexadecimal digits of a hash distinguish two
 * values. They would confirm a guess, so secrets should be generated.
 */
export function secretName(prefix: string, key: string, value: string): string {
  return `${prefix}-${secretRole(prefix, key, value)}`;
}

/** A secret's name without the stack: `adminPassword` is `admin-password-` and the digits of its value. */
export function secretRole(prefix: string, key: string, value: string): string {
  const slug = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `${slug}-${createHash("sha256").update(`${prefix}\0${key}\0${value}`).digest("hex").slice(0, 8)}`;
}
