/** `TCP_LISTEN` of the kernel's include/net/tcp_states.h. */
const listening = "0A";

/**
 * The ports that are listened on. Asking the kernel needs no right to open a port itself, which for one below 1024 a job
 * does not have.
 * @param table /proc/net/tcp or tcp6, or both one after the other
 */
export function listeningPorts(table: string): Set<number> {
  const rows = table.split("\n").map((line) => line.trim().split(/\s+/));
  const local = rows.filter(([, , , state]) => state === listening).map(([, address]) => address?.split(":")[1] ?? "");
  return new Set(local.map((port) => Number.parseInt(port, 16)));
}
