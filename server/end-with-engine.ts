import { Worker } from "node:worker_threads";

/**
 * Ends this program when the engine that runs it has ended. A program whose engine was killed may call it without end,
 * and uses more and more memory. A thread of its own watches the engine, since the main thread may be busy.
 * @param engine address of the engine, as `host:port`. Default: the one the engine gives to its programs; without it
 * nothing is watched
 */
export function endWithEngine(engine: string | undefined = process.env.PULUMI_NODEJS_ENGINE): void {
  if (!engine) return;
  new Worker(new URL("./engine-watch.ts", import.meta.url), { workerData: engine, execArgv: [] }).unref();
}
