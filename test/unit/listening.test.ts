import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { listeningPorts } from "../../core/jobs/listening.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 81234 1 0000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 81235 1 0000 20 4 30 10 -1
   2: 0100007F:C351 0100007F:01BB 06 00000000:00000000 03:000010F5 00000000     0        0 0 3 0000
`;
const table6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000
`;

test("only those who listen hold a port, whatever the address and also below 1024", () => {
  assert.deepEqual([...listeningPorts(`${table}\n${table6}`)], [80, 8081]);
  assert.deepEqual([...listeningPorts("")], []);
});

test("the kernel's own table names a port that is listened on, and no more once it is closed", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  assert.ok(listeningPorts(await readFile("/proc/net/tcp", "utf8")).has(port));
  await once(server.close(), "close");
  assert.ok(!listeningPorts(await readFile("/proc/net/tcp", "utf8")).has(port));
});
