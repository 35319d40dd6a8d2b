import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { workerData } from "node:worker_threads";

/** The thread of `endWithEngine`: connects to the engine's port every second to see whether it still runs. */
const [host = "", port = ""] = String(workerData).split(/:(?=\d+$)/);

/** Refused connections in a row after which the engine has certainly ended. */
const certain = 3;

function isListening(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) }, () => {
      socket.destroy();
      resolve(true);
    });
    // Only a refused connection proves that the engine has ended.
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}

for (let refusals = 0; refusals < certain; refusals = (await isListening()) ? 0 : refusals + 1) await delay(1_000);
process.kill(process.pid, "SIGKILL");
