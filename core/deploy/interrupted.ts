import { labels } from "../names.ts";

/** What the engine writes down before it makes a resource, and forgets once the resource is in the state. */
interface PendingOperation {
  type: string;
  resource: { type: string; inputs?: { name?: unknown; labels?: unknown } };
}

/** A stack's state as `pulumi stack export` prints it, as far as it is looked at. */
export interface ExportedState {
  deployment?: { pending_operations?: PendingOperation[] | null };
}

/** Something in Docker that the state does not know. */
export interface Leftover {
  kind: "service" | "network" | "secret";
  name: string;
}

/** Volumes are not among them: making one a second time is no error, and nothing may remove data. */
const kinds: Record<string, Leftover["kind"]> = {
  "docker:index/service:Service": "service",
  "docker:index/network:Network": "network",
  "docker:index/secret:Secret": "secret",
};

/** Whether the engine was killed while it made something. */
export function isInterrupted(state: ExportedState): boolean {
  return creating(state).length > 0;
}

/**
 * What a killed engine may have made in Docker without writing it down: making it again would end with "already
 * exists". No user is on it, since nothing gets users before it is written down.
 * @param prefix of the stack; what does not carry its label is left alone
 */
export function leftovers(state: ExportedState, prefix: string): Leftover[] {
  return creating(state).flatMap(({ resource }) => {
    const kind = kinds[resource.type];
    const name = resource.inputs?.name;
    return kind && typeof name === "string" && carriesLabel(resource.inputs?.labels, prefix) ? [{ kind, name }] : [];
  });
}

/** The state without the operations that are cleared up. */
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
