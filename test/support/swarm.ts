import assert from "node:assert/strict";
import type { JobRequest } from "../../core/jobs/argv.ts";
import { joinInput, stableJson } from "../../core/jobs/secrets.ts";
import { ofType, type Registered, types } from "./mocks.ts";

/** Labels as a service is expected to have them, in their order. */
export const labelsOf = (role: string, more: Record<string, string> = {}) =>
  Object.entries({ "turnout.stack": "turnout-test", "turnout.role": role, ...more }).map(([label, value]) => ({
    label,
    value,
  }));

/** A writable path in memory. */
export const tmpfs = (target: string) => ({
  type: "tmpfs",
  target,
  tmpfsOptions: { mode: 0o777, sizeBytes: 64 * 1024 * 1024 },
});

/** The networks a service is expected to join. */
export const on = (...networks: string[]) => networks.map((one) => ({ id: `id-of-network-${one}` }));

/** Limits of one replica. */
export const limits = (mebibytes: number, cpus: number) => ({
  limits: { memoryBytes: mebibytes * 1024 * 1024, nanoCpus: cpus * 1e9 },
});

/** How a service is expected to mount the secret with this key. */
export function mounted(resources: Registered[], key: string, file: string, user: number) {
  const secret = ofType(resources, types.secret).find(({ inputs }) =>
    String(inputs.name).startsWith(`turnout-test-${key}-`),
  );
  assert.ok(secret, `no secret ${key}`);
  return {
    secretId: `id-of-${secret.name}`,
    secretName: secret.inputs.name,
    fileName: `/run/secrets/${file}`,
    ...{ fileUid: String(user), fileGid: String(user), fileMode: 0o400 },
  };
}

type Spec = {
  containerSpec: Record<string, unknown> & { mounts: Record<string, unknown>[]; labels: unknown[] };
} & Record<string, unknown>;

/** The task a service runs. */
export const specOf = (service: Registered) => service.inputs.taskSpec as Spec;

type Environment = { TURNOUT_JOB: string; TURNOUT_INPUT: string };

/** The container that a command asks the launcher for. */
export const jobOf = (command: Registered): JobRequest =>
  JSON.parse((command.inputs.environment as Environment).TURNOUT_JOB);

/** The plain part of a job's input, which a preview shows. */
export const plainOf = (command: Registered) => JSON.parse((command.inputs.environment as Environment).TURNOUT_INPUT);

/** The whole input of a job, as the launcher puts it together. */
export const inputOf = (command: Registered) =>
  JSON.parse(stableJson(joinInput(plainOf(command), JSON.parse(String(command.inputs.stdin)))));
