import { Worker } from "node:worker_threads";

/**
 * Ends this program when its engine has ended. A program whose engine was killed may call it again and again without end,
 * and fills the memory over time. A thread of its own watches, because the main thread may be too busy.
 * @param engine address of the engine, as `host:port`. Default: the one the engine gives to its programs; without it
 * nothing is watched
 */
export function endWithEngine(engine: string | undefined = process.env.PULUMI_NODEJS_ENGINE): void {
  if (!engine) return;
  new Worker(new URL("./engine-watch.ts", import.meta.url), { workerData: engine, execArgv: [] }).unref();
}
