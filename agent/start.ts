import { describeError, exitCode } from "../core/errors.ts";
import { runAgent } from "./main.ts";

try {
  await runAgent();
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = exitCode(error);
}
