import type { TestStack } from "./stack.ts";

const script = `
const token = require("node:fs").readFileSync("/run/secrets/edge_token", "utf8").trim();
const [method, path, body] = process.argv.slice(1);
const headers = { authorization: "Bearer " + token, "content-type": "application/json" };
fetch("http://127.0.0.1:8090" + path, { method, headers, ...(body ? { body } : {}) })
  .then(async (answer) => console.log(JSON.stringify({ status: answer.status, body: await answer.json() })));`;

/** Calls the edge's agent from inside its own container, which requires access to the server's Docker. */
export async function callAgent(stack: TestStack, method: string, path: string, body?: object) {
  const [id = ""] = await stack.containers("agent");
  const argv = ["exec", id, "node", "-e", script, method, path, ...(body ? [JSON.stringify(body)] : [])];
  return JSON.parse(await stack.docker(...argv)) as { status: number; body: Record<string, unknown> };
}
