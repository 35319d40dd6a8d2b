// Sends requests until its standard input ends, on kept and on new connections, GET and POST; then prints the results.
import http from "node:http";

const [target, kept = "8", fresh = "2"] = process.argv.slice(2);
const result = { sent: 0, answered: 0, byColor: {}, lost: [], longestMs: 0 };
let stopping = false;

function ask(agent, method) {
  result.sent += 1;
  const began = Date.now();
  return new Promise((resolve) => {
    const lose = (why) => {
      result.lost.push(`${new Date().toISOString()} ${method} ${agent ? "kept" : "new"}: ${why}`);
      resolve();
    };
    const request = http.request(target, { agent, method, timeout: 10_000 }, (response) => {
      response.resume();
      response.on("error", (error) => lose(error.code ?? error.message));
      response.on("end", () => {
        if (response.statusCode !== 200) return lose(`status ${response.statusCode}`);
        const color = response.headers["x-turnout-color"];
        result.answered += 1;
        result.byColor[color] = (result.byColor[color] ?? 0) + 1;
        result.longestMs = Math.max(result.longestMs, Date.now() - began);
        resolve();
      });
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", (error) => lose(error.code ?? error.message));
    request.end(method === "POST" ? JSON.stringify({ at: began }) : undefined);
  });
}

async function client(agent, offset) {
  for (let count = offset; !stopping; count++) await ask(agent, count % 3 === 0 ? "POST" : "GET");
}

process.stdin.resume();
process.stdin.on("end", () => {
  stopping = true;
});
const began = Date.now();
process.stdout.write("asking\n");
await Promise.all([
  ...Array.from({ length: Number(kept) }, (_, i) => client(new http.Agent({ keepAlive: true, maxSockets: 1 }), i)),
  ...Array.from({ length: Number(fresh) }, (_, i) => client(false, i)),
]);
result.seconds = (Date.now() - began) / 1000;
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
