import assert from "node:assert/strict";
import { test } from "node:test";
import type { Haproxy } from "../../agent/haproxy.ts";
import { createKeeper } from "../../agent/keeper.ts";
import { serversFingerprint } from "../../agent/parse.ts";
import { initialState } from "../../core/edge/state.ts";

/** A line of `show servers state`, as HAProxy 3.0 prints it. */
const state = (address: string, op: number, admin: number, check: number) =>
  `9 be_green_web 1 s1 ${address} ${op} ${admin} 1 1 7 ${check} 3 2 6 0 0 0 tasks.shop-green-web 8000 - 0 0 - - 0`;
const stateHeader =
  "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change " +
  "srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id " +
  "srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port";
const file = (...lines: string[]) => ["1", stateHeader, ...lines, ""].join("\n");

test("the servers' state is saved again when an address, a state or a check result changes", () => {
  const before = serversFingerprint(file(state("10.0.0.7", 2, 0, 15)));
  const table: [name: string, line: string, same: boolean][] = [
    ["only time", state("10.0.0.7", 2, 0, 15).replace(" 7 15 ", " 8 15 "), true],
    ["another address", state("10.0.0.8", 2, 0, 15), false],
    ["down", state("10.0.0.7", 0, 0, 15), false],
    ["taken out", state("10.0.0.7", 2, 32, 15), false],
    ["its last check failed", state("10.0.0.7", 2, 0, 8), false],
  ];
  for (const [name, line, same] of table) assert.equal(serversFingerprint(file(line)) === before, same, name);
});

test("a new worker is asked which replicas are ready once it has checked all of them itself", async () => {
  const table: [uptimeSeconds: number, waits: number[]][] = [
    [0, [1_500]],
    [1, [500]],
    [2, []],
    [60, []],
  ];
  for (const [uptimeSeconds, waits] of table) {
    const slept: number[] = [];
    const haproxy: Partial<Haproxy> = {
      workers: async () => [{ pid: 7, uptimeSeconds, old: false }],
      ask: async () => "# pxname,svname,status,check_status,addr\n",
    };
    const refuse = () => Promise.reject(new Error("not asked for"));
    const keeper = await createKeeper({
      haproxy: haproxy as Haproxy,
      store: { load: async () => initialState("e1"), save: refuse, repair: refuse },
      configs: { put: refuse, finish: refuse, saveServers: refuse, view: refuse },
      time: () => ({ bootId: "boot", uptimeMs: 0, wallMs: 0 }),
      sleep: async (milliseconds) => slept.push(milliseconds),
      ...{ log: () => undefined, random: Math.random, instance: "one" },
    });
    await keeper.servers();
    assert.deepEqual(slept, waits, `${uptimeSeconds} s`);
  }
});
