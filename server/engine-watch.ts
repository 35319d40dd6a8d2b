import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { workerData } from "node:worker_threads";

/** The thread of `endWithEngine`: asks the engine's port every second whether somebody is still there. */
const [host = "", port = ""] = String(workerData).split(/:(?=\d+$)/);

/** Refusals in a row after which nobody is there for certain. */
const certain = 3;

function isThere(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) }, () => {
      socket.destroy();
      resolve(true);
    });
    // Anything but a refusal says nothing about who is there.
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}

for (let refusals = 0; refusals < certain; refusals = (await isThere()) ? 0 : refusals + 1) await delay(1_000);
process.kill(process.pid, "SIGKILL");
