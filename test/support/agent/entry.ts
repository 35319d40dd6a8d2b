import { runAgent } from "../../../agent/main.ts";
import { describeError, exitCode } from "../../../core/errors.ts";

runAgent().catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exit(exitCode(error));
});
