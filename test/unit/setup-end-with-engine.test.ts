import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";

const module = new URL("../../server/end-with-engine.ts", import.meta.url).href;

test("a program whose engine is gone ends, even one that is busy for ever", async (t) => {
  const engine = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(engine, "listening");
  const address = engine.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const busy = `
    const { endWithEngine } = await import(${JSON.stringify(module)});
    endWithEngine("127.0.0.1:${port}");
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log("busy");
    for (;;);`;
  const program = spawn(process.execPath, ["--input-type=module", "--eval", busy], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => program.kill("SIGKILL"));
  await once(program.stdout, "data");
  // It was asked for at least once, and the program is still there.
  await once(engine, "connection");
  assert.equal(program.signalCode, null);
  engine.close();
  await once(program, "exit");
  assert.equal(program.signalCode, "SIGKILL");
});

test("a program that ends by itself is not kept by the watch", async () => {
  const program = spawn(process.execPath, [
    "--input-type=module",
    "--eval",
    `const { endWithEngine } = await import(${JSON.stringify(module)}); endWithEngine("127.0.0.1:1");`,
  ]);
  assert.deepEqual(await once(program, "exit"), [0, null]);
});
