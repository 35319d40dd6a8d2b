/** Lines as releases 0.1.0 and 0.2.0 of Turnout wrote them: without version and chain, and with other words. */

const at = (second: number) => new Date(Date.parse("2026-11-22T08:00:00.000Z") + second * 1000).toISOString();
const by = { operator: "ada@laptop" };
const green = { color: "green", version: "1.1.0", release: "1.1.0-0badcafe" };
const seen = { kind: "good", reasons: [], warnings: [], figures: "green 412 requests" };
const breach = { kind: "breach", reasons: ["error rate 5.0 %"], warnings: [], figures: "green 100 requests" };
const why = "error rate 5.0 %";

/** One record of every kind, each as it was written. */
export const everyOldRecord: object[] = [
  { at: at(0), step: "edge-config", ...by, event: "started" },
  { at: at(1), step: "edge-config", ...by, event: "done", took: 12, hash: "a1b2" },
  { at: at(2), step: "backup", ...by, ...green, event: "started" },
  {
    ...{ at: at(3), step: "backup", ...by, ...green, event: "done", took: 900 },
    ...{ file: "20261122T080003Z-1.1.0-0badcafe.dump", bytes: 4096, sha256: "ab".repeat(32), tables: 7 },
  },
  { at: at(4), step: "migration", ...by, ...green, event: "started" },
  { at: at(5), step: "migrated", event: "done", ...by, ...green, from: null, revision: "0002" },
  { at: at(6), step: "migration", ...by, ...green, event: "done", took: 800, from: null, revision: "0002" },
  { at: at(7), step: "workers", ...by, color: "green", event: "started" },
  { at: at(8), step: "workers", ...by, color: "green", event: "done", took: 50, awake: false },
  { at: at(9), step: "smoke", ...by, ...green, event: "started" },
  { at: at(10), step: "smoke", ...by, ...green, event: "failed", took: 50, error: "Smoke check failed." },
  { at: at(11), step: "smoke", ...by, ...green, event: "done", took: 50, checks: 3 },
  { at: at(12), step: "shift", ...by, ...green, epoch: "e1", event: "started" },
  { at: at(13), step: "shift", event: "begun", ...by, ...green, from: "blue", strategy: "canary", returning: false },
  { at: at(14), step: "shift", event: "trial", ...by, ...green, weight: 5, seconds: 300 },
  { at: at(15), step: "order", event: "pause", ...by, ...green },
  { at: at(16), step: "order", event: "resume", ...by, ...green },
  { at: at(17), step: "order", event: "promote", ...by, ...green },
  { at: at(18), step: "shift", event: "watched", ...by, ...green, stage: "trial 0", ...seen },
  { at: at(19), step: "shift", event: "committing", ...by, ...green },
  { at: at(20), step: "shift", event: "committed", ...by, ...green },
  { at: at(21), step: "handover", ...by, color: "green", release: green.release, event: "started" },
  { at: at(22), step: "shift", event: "watched", ...by, ...green, stage: "bake", ...seen },
  { at: at(23), step: "shift", event: "ended", ...by, ...green, outcome: "committed", why: null, blame: false },
  {
    ...{ at: at(24), step: "shift", ...by, ...green, epoch: "e1", event: "done", took: 9000 },
    ...{ from: "blue", color: "green", release: green.release },
  },
  { at: at(25), step: "handover", ...by, color: "green", release: green.release, event: "done", took: 70 },
  {
    ...{ at: at(26), step: "soak", event: "begun", ...by, ...green, soak: "turnout-dev-soak-a1b2c3" },
    ...{ from: "blue", until: at(1826), epoch: "e1" },
  },
  {
    ...{ at: at(86), step: "soak", event: "watched", ...by, ...green, soak: "turnout-dev-soak-a1b2c3" },
    ...{ elapsed: 60, until: at(1830), ...seen },
  },
  { at: at(87), step: "order", event: "abort", ...by, ...green },
  {
    ...{ at: at(88), step: "soak", event: "undoing", ...by, ...green, soak: "turnout-dev-soak-a1b2c3" },
    ...{ why, blame: true },
  },
  {
    ...{ at: at(89), step: "soak", event: "ended", ...by, ...green, soak: "turnout-dev-soak-a1b2c3" },
    ...{ outcome: "rolled-back", why, blame: true, incident: "2026-11-22-080129-green" },
  },
  { at: at(90), step: "order", event: "retry", ...by, ...green, incident: "2026-11-22-080129-green" },
];

/** A rollout that begins, by its last records; what is given comes after its step. */
export function oldRollout(...rest: object[]): object[] {
  const records = [
    { step: "shift", event: "started", epoch: "e1" },
    { step: "shift", event: "begun", from: "blue", strategy: "canary", rollback: false },
    { step: "shift", event: "trial", weight: 5, seconds: 300 },
    ...rest,
  ];
  return records.map((one, second) => ({ at: at(second), ...by, ...green, ...one }));
}

export const old = {
  breach: { step: "shift", event: "watched", stage: "trial 0", ...breach },
  undoing: { step: "shift", event: "undoing", why, blame: true },
  committed: { step: "shift", event: "committed" },
  rolledBack: { step: "shift", event: "ended", outcome: "rolled-back", why, blame: true, incident: "i-1" },
  heldBack: { step: "shift", event: "ended", outcome: "held-back", why: "aborted by hand", blame: false },
  wentWell: { step: "shift", event: "ended", outcome: "committed", why: null, blame: false },
  soak: { step: "soak", event: "begun", soak: "s1", from: "blue", until: at(1800), epoch: "e1" },
  soakUndoing: { step: "soak", event: "undoing", soak: "s1", why, blame: true },
  superseded: { step: "soak", event: "ended", soak: "s1", outcome: "superseded", why: "a deploy", blame: false },
} as const;
