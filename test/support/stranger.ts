import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import type { Color } from "../../core/color.ts";
import { names } from "../../core/names.ts";
import { imageReference } from "../../images/own-images.ts";
import { poll } from "./poll.ts";
import type { TestStack } from "./stack.ts";

/** A service outside the color, at an address to which the name of one of the color's services resolves. */
export interface Stranger {
  /** Its requests, each as `<user agent> <path>`. */
  asked(): Promise<string[]>;
  remove(): Promise<void>;
}

/** Answers 200 to every request, each time with another wrong identity. */
const program = `
const masks = JSON.parse(process.env.MASKS);
let count = 0;
require("node:http").createServer((request, response) => {
  console.log(request.headers["user-agent"] + " " + request.url);
  response.writeHead(200, { "content-type": "text/plain", ...masks[count++ % masks.length] });
  response.end("a stranger");
}).listen(Number(process.env.PORT));`;

/**
 * Starts such a service: an alias on the color's network adds its address to the right ones under
 * `tasks.<service>`, as outdated DNS does.
 * @param masks the headers of its answers, in turn
 */
export async function startStranger(
  stack: TestStack,
  at: { color: Color; service: string; port: number },
  masks: Record<string, string>[],
): Promise<Stranger> {
  const named = names(stack.prefix);
  const name = `${stack.prefix}-stranger`;
  const alias = named.service(at.color, at.service);
  const label = `turnout.stack=${stack.prefix}`;
  await stack.docker(
    ...["service", "create", "--quiet", "--detach", "--no-resolve-image", "--name", name],
    ...["--label", label, "--container-label", label, "--endpoint-mode", "dnsrr"],
    ...["--network", `name=${named.colorNetwork(at.color)},alias=${alias}`],
    ...["--env", `MASKS=${JSON.stringify(masks)}`, "--env", `PORT=${at.port}`, "--entrypoint", "node"],
    await imageReference(`${import.meta.dirname}/../..`, "ops"),
    ...["-e", program],
  );
  const container = () => poll("the stranger", 60, async () => (await stack.containers("stranger"))[0]);
  const id = await container();
  return {
    async asked() {
      return (await stack.docker("logs", id)).split("\n").filter(Boolean);
    },
    async remove() {
      await execa("docker", ["service", "rm", name], { reject: false });
      while ((await stack.containers("stranger")).length > 0) await delay(200);
    },
  };
}
