import { Worker } from "node:worker_threads";

/**
 * Ends this program when the engine that runs it is gone. A program whose engine was killed may go on asking it for
 * ever, and takes all memory over time. It is watched from a thread of its own, since the main one may be too busy.
 * @param engine address of the engine, as `host:port`. Default: the one the engine gives to its programs; without it
 * nothing is watched
 */
export function endWithEngine(engine: string | undefined = process.env.PULUMI_NODEJS_ENGINE): void {
  if (!engine) return;
  new Worker(new URL("./engine-watch.ts", import.meta.url), { workerData: engine, execArgv: [] }).unref();
}
