import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { longReport, openSocket, slowPost } from "../support/slow-requests.ts";
import { type SocketServer, socketServer } from "../support/socket-server.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function serve(listener: RequestListener | SocketServer): Promise<string> {
  const server = typeof listener === "function" ? createServer(listener) : listener.server;
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const line = (number: number, color = "blue") => `${JSON.stringify({ line: number, color })}\n`;
const done = (lines: number) => `${JSON.stringify({ done: true, lines })}\n`;

test("a long report is complete when every line came once, in order, from one color, and then the last", async () => {
  const table: [what: string, text: string, lines: number, strange: number, complete: boolean][] = [
    ["complete", line(1) + line(2) + done(2), 2, 0, true],
    ["no end", line(1) + line(2), 2, 0, false],
    ["a line lost", line(2) + done(2), 0, 2, false],
    ["a line twice", line(1) + line(1) + line(2) + done(2), 2, 1, false],
    ["another color in between", line(1) + line(2, "green") + done(2), 1, 2, false],
    ["an end too early", line(1) + done(2), 1, 1, false],
    ["more after the end", line(1) + line(2) + done(2) + line(3), 2, 1, false],
    ["not JSON", "<html>\n", 0, 1, false],
  ];
  for (const [what, text, lines, strange, complete] of table) {
    const url = await serve((_, answer) => answer.writeHead(200, { "x-turnout-color": "blue" }).end(text));
    const report = await longReport(url, 2).ended;
    assert.deepEqual([report.lines, report.strange.length, report.complete], [lines, strange, complete], what);
    assert.deepEqual([report.status, report.color, report.why === undefined], [200, "blue", complete], what);
  }
});

test("a long report that is refused, interrupted, or never answered has the reason", async () => {
  const refused = await serve((_, answer) => answer.writeHead(503).end());
  const slow = longReport(refused, 3);
  assert.equal(await slow.begun, false);
  assert.equal((await slow.ended).why, "status 503, 0 of 3 lines");

  const cut = await serve((_, answer) => {
    answer.write(line(1, ""), () => answer.destroy());
  });
  const interrupted = longReport(cut, 3);
  assert.equal(await interrupted.begun, true);
  assert.equal((await interrupted.ended).why, "status 200, 1 of 3 lines, then the connection broke");

  const silent = await serve((asked) => asked.destroy());
  const { status, why } = await longReport(silent, 3).ended;
  assert.deepEqual([status, why], [0, "ECONNRESET"]);
});

test("a slow upload is intact only when the server received what was sent", async () => {
  const answers: [status: number, spoil: (sha256: string) => string, intact: boolean][] = [
    [201, (sha256) => sha256, true],
    [200, (sha256) => sha256, false],
    [201, (sha256) => sha256.replace(/^./, "x"), false],
  ];
  for (const [status, spoil, intact] of answers) {
    const ids: unknown[] = [];
    const url = await serve((asked, answer) => {
      ids.push(asked.headers["x-client-id"]);
      const digest = createHash("sha256");
      let bytes = 0;
      asked.on("data", (piece: Buffer) => {
        digest.update(piece);
        bytes += piece.length;
      });
      asked.on("end", () =>
        answer.writeHead(status).end(JSON.stringify({ sha256: spoil(digest.digest("hex")), bytes })),
      );
    });
    const slow = slowPost(url, 100_001, 0.3);
    assert.equal(await slow.begun, true);
    const report = await slow.ended;
    assert.deepEqual([report.status, report.bytes, report.intact], [status, 100_001, intact]);
    assert.equal(report.why === undefined, intact);
    assert.deepEqual(ids, [report.clientId]);
    assert.ok(report.seconds >= 0.25, `the body took ${report.seconds} s instead of 0.3`);
  }
});

test("an upload that is refused or interrupted ends at once with the reason", async () => {
  const refused = await serve((_, answer) => answer.writeHead(413).end("too large"));
  const report = await slowPost(refused, 1_000_000, 60).ended;
  assert.deepEqual([report.status, report.intact, report.why], [413, false, "status 413: too large"]);

  const cut = await serve((asked) => asked.once("data", () => asked.destroy()));
  const broken = await slowPost(cut, 1_000_000, 60).ended;
  assert.deepEqual([broken.status, broken.intact], [0, false]);
  assert.match(broken.why ?? "", /^(ECONNRESET|EPIPE)$/);
});

test("a socket reports the server's identity and all messages", async () => {
  const server = socketServer({ color: "green", release: "1.1.0-r", session: "s-1" });
  const url = await serve(server);
  const socket = await openSocket(url, { cookie: "turnout=green" });
  assert.equal(socket.color, "green");
  assert.equal(server.headers()?.cookie, "turnout=green");
  await Promise.all([socket.send("one"), socket.send("two")]);
  server.send({ tick: 1 });
  server.send({ tick: 3 });
  server.send({ echo: "two", n: 3 });
  await socket.send("three");
  const report = await socket.close();
  assert.deepEqual(
    { ...report, end: { ...report.end, at: 0, seconds: 0 } },
    {
      ...{ color: "green", release: "1.1.0-r", session: "s-1", sent: 3, echoed: 3, ticks: 1, unanswered: [] },
      strange: ['{"tick":3}', '{"echo":"two","n":3}'],
      end: { code: 1000, reason: "", clean: true, at: 0, seconds: 0 },
    },
  );
});

test("a socket that the server closes reports how, and what was left unanswered", async () => {
  const server = socketServer({ color: "blue", release: "1.0.0-r", session: "s-2" });
  const socket = await openSocket(await serve(server));
  server.mute();
  const unanswered = assert.rejects(socket.send("hello?"), /^Error: the socket ended with 1012 \(restarting\)$/);
  const before = Date.now();
  server.goodbye(1012, "restarting");
  const end = await socket.ended;
  await unanswered;
  assert.deepEqual([end.code, end.reason, end.clean], [1012, "restarting", true]);
  assert.ok(end.at >= before && end.at <= Date.now());
  assert.deepEqual(socket.report().unanswered, ["hello?"]);
  await assert.rejects(socket.send("still there?"), /has ended with 1012/);
});

test("a broken connection is not closed cleanly, and a refused one is not opened", async () => {
  const server = socketServer({ color: "blue", release: "1.0.0-r", session: "s-3" });
  const socket = await openSocket(await serve(server));
  server.cut();
  const { code, clean } = await socket.ended;
  assert.deepEqual([code, clean], [1006, false]);

  const refusing = await serve((_, answer) => answer.writeHead(503).end());
  await assert.rejects(openSocket(refusing), /the socket ended with 1006/);
});
