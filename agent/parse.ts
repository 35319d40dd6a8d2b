import { colors, isColor } from "../core/color.ts";
import { counterSlots } from "../core/edge/config.ts";
import type { CountersAnswer, Counts, ServersAnswer } from "../core/edge/schema.ts";

/** A HAProxy worker process; an old one still serves its last connections. */
export type Worker = { pid: number; uptimeSeconds: number; old: boolean };

/** Parses the master's `show proc`; the newest worker comes first. */
export function parseWorkers(text: string): Worker[] {
  const workers: Worker[] = [];
  let old = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) old = line.startsWith("# old workers");
    const [pid, type, , uptime] = line.trim().split(/\s{2,}|\t+/);
    if (type === "worker") workers.push({ pid: Number(pid), uptimeSeconds: parseUptime(uptime ?? ""), old });
  }
  return workers;
}

function parseUptime(text: string): number {
  const [, days, hours, minutes, seconds] = text.match(/(\d+)d(\d+)h(\d+)m(\d+)s/) ?? [];
  return ((Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0);
}

/** Parses `show map <file>`: address, key and value per line. */
export function parseMap(text: string): Map<string, string> {
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  return new Map(lines.flatMap(([, key, value]) => (key && value ? [[key, value] as const] : [])));
}

/**
 * Reads `show stat` of servers, as CSV: as JSON it is 25 times as long, 13 kB a server. Slots without an address are left
 * out.
 */
export function parseServers(csv: string): ServersAnswer["services"] {
  const [header = "", ...lines] = csv.split("\n").filter((line) => line.trim() !== "");
  const columns = header.replace(/^# /, "").split(",");
  const services = new Map<string, ServersAnswer["services"][number]>();
  for (const line of lines) {
    const values = splitCsv(line);
    const row = (name: string) => values[columns.indexOf(name)] ?? "";
    const [, color, service] = row("pxname").match(/^be_([a-z]+)_(.+)$/) ?? [];
    if (!isColor(color) || service === undefined) continue;
    const key = `${color} ${service}`;
    const entry = services.get(key) ?? { color, service, up: 0, total: 0, servers: [] };
    services.set(key, entry);
    if (row("addr") === "" || row("status").startsWith("MAINT")) continue;
    const status = row("status");
    const check = [row("check_status"), row("check_desc"), row("last_chk")].filter(Boolean).join(": ");
    entry.servers.push({ address: row("addr"), status, check });
    entry.total += 1;
    // HAProxy calls a new replica up before its first check; here it counts after it.
    if (status.startsWith("UP") && row("check_status").endsWith("L7OK")) entry.up += 1;
  }
  return [...services.values()];
}

/** A session in HAProxy, at most `oldestMs` milliseconds old. */
export type Session = { id: string; frontend: string; backend: string; oldestMs: number };

/** Parses `show sess`, one session per line. */
export function parseSessions(text: string): Session[] {
  return [...text.matchAll(/^(0x[0-9a-f]+): .* fe=(\S+) be=(\S+) .* age=(\S+) /gm)].map(
    ([, id = "", frontend = "", backend = "", age = ""]) => ({ id, frontend, backend, oldestMs: parseAge(age) }),
  );
}

/** HAProxy prints an age in at most two units, so "1h2m" is up to a minute more. */
function parseAge(text: string): number {
  const seconds = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
  const parts = [...text.matchAll(/(\d+)([dhms])/g)].map(([, count, unit]) => ({
    count: Number(count),
    unit: seconds[unit as keyof typeof seconds],
  }));
  const precision = parts.length > 1 ? (parts.at(-1)?.unit ?? 1) : 1;
  return (parts.reduce((sum, { count, unit }) => sum + count * unit, 0) + precision) * 1_000;
}

function splitCsv(line: string): string[] {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, field = ""]) =>
    field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field,
  );
}

/** Parses `show table` of the counters. A color without requests counts zero. */
export function parseCounters(text: string, worker: number): CountersAnswer {
  const rows = new Map<string, Counts>();
  for (const line of text.split("\n")) {
    const key = line.match(/ key=(\S+)/)?.[1];
    if (key === undefined) continue;
    const field = (name: string) => Number(line.match(new RegExp(` ${name}=(\\d+)`))?.[1] ?? 0);
    rows.set(
      key,
      counts(field("http_req_cnt"), (slot) => field(`gpc${slot}`)),
    );
  }
  const entrance = (name: string) =>
    Object.fromEntries(colors.map((color) => [color, rows.get(`${name}/${color}`) ?? counts(0, () => 0)])) as {
      blue: Counts;
      green: Counts;
    };
  return { worker, public: entrance("public"), preview: entrance("preview") };
}

function counts(requests: number, slot: (index: number) => number): Counts {
  return { requests, ...Object.fromEntries(counterSlots.map((name, index) => [name, slot(index)])) } as Counts;
}

/**
 * The part of `show servers state` with each replica's address, state and last check result: it changes only when one
 * of them does. The check result matters: a worker that starts with the failed check of a replica that was still
 * starting considers no replica ready until it has checked itself.
 */
export function serversFingerprint(text: string): string {
  const relevant = ["be_name", "srv_name", "srv_addr", "srv_op_state", "srv_admin_state", "srv_check_status"];
  const lines = text.split("\n").map((line) => line.replace(/^# /, "").split(" "));
  const header = lines.find((fields) => fields[0] === "be_id") ?? [];
  const columns = relevant.map((name) => header.indexOf(name));
  return lines
    .filter((fields) => fields.length === header.length)
    .map((fields) => columns.map((column) => fields[column]).join(" "))
    .join("\n");
}
