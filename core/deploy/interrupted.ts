import { labels } from "../names.ts";

/** What the engine records before it creates a resource, and removes once the resource is in the state. */
interface PendingOperation {
  type: string;
  resource: { type: string; inputs?: { name?: unknown; labels?: unknown } };
}

/** The part of a stack's state, as `pulumi stack export` prints it, that is used here. */
export interface ExportedState {
  deployment?: { pending_operations?: PendingOperation[] | null };
}

/** Something in Docker that is not in the state. */
export interface Leftover {
  kind: "service" | "network" | "secret";
  name: string;
}

/** Without volumes: creating one twice is not an error, and data must never be removed. */
const kinds: Record<string, Leftover["kind"]> = {
  "docker:index/service:Service": "service",
  "docker:index/network:Network": "network",
  "docker:index/secret:Secret": "secret",
};

/** Whether the engine was killed while it created a resource. */
export function isInterrupted(state: ExportedState): boolean {
  return creating(state).length > 0;
}

/**
 * What a killed engine may have created in Docker without recording it: creating it again would fail with "already
 * exists". It has no users, because nothing receives traffic before it is recorded.
 * @param prefix of the stack; anything without its label is left alone
 */
export function leftovers(state: ExportedState, prefix: string): Leftover[] {
  return creating(state).flatMap(({ resource }) => {
    const kind = kinds[resource.type];
    const name = resource.inputs?.name;
    return kind && typeof name === "string" && carriesLabel(resource.inputs?.labels, prefix) ? [{ kind, name }] : [];
  });
}

/** The state without the operations that were cleaned up. */
export function withoutPending(state: ExportedState): ExportedState {
  const rest = (state.deployment?.pending_operations ?? []).filter((one) => one.type !== "creating");
  return { ...state, deployment: { ...state.deployment, pending_operations: rest } };
}

function creating(state: ExportedState): PendingOperation[] {
  return (state.deployment?.pending_operations ?? []).filter((one) => one.type === "creating");
}

function carriesLabel(list: unknown, prefix: string): boolean {
  const entries = Array.isArray(list) ? (list as { label?: unknown; value?: unknown }[]) : [];
  return entries.some((entry) => entry.label === labels.stack && entry.value === prefix);
}
