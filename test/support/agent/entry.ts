import { describeError, exitCode } from "../../../core/errors.ts";
import { runAgent } from "../../../ops/agent/main.ts";

runAgent().catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exit(exitCode(error));
});
