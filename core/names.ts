import type { Color } from "./color.ts";

/** What every name of a stack begins with: `<project>-<stack>`. */
export function stackPrefix(project: string, stack: string): string {
  return `${project}-${stack}`;
}

/** The stack of a prefix. Turnout's own project has no dash in its name. */
export function stackOf(prefix: string): string {
  return prefix.slice(prefix.indexOf("-") + 1);
}

/** Names of everything a stack creates in Docker; all derive from its prefix. */
export function names(prefix: string) {
  return {
    prefix,
    /** The Swarm service that runs a service of a color; also its DNS name. */
    service: (color: Color, service: string) => `${prefix}-${color}-${service}`,
    colorNetwork: (color: Color) => `${prefix}-${color}`,
    adminNetwork: `${prefix}-admin`,
    edge: `${prefix}-edge`,
    agent: `${prefix}-agent`,
    database: `${prefix}-db`,
    /** The volume with HAProxy's sockets, configuration and maps. */
    edgeVolume: `${prefix}-edge`,
    databaseVolume: `${prefix}-db`,
    backupsVolume: `${prefix}-backups`,
    journalVolume: `${prefix}-journal`,
    /** A job's containers are `<prefix>-<step>-<random>`. */
    job: (step: string) => `${prefix}-${step}`,
  };
}

/** The two labels of everything Turnout creates. */
export const labels = { stack: "turnout.stack", role: "turnout.role" } as const;

/** The DNS name that resolves to the addresses of a service's tasks, without a virtual address. */
export function tasksOf(service: string): string {
  return `tasks.${service}`;
}

/** Ports inside the containers of the edge and its agent. Only the published ports are settings. */
export const edgePorts = { public: 8080, preview: 8081, inside: 8082, whoami: 8404, agent: 8090 } as const;
