import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { describeError, exitCode } from "../core/errors.ts";
import { engineEnvironment } from "../setup/engine.ts";
import { ensureSetup } from "../setup/setup.ts";
import { needSetup, selectedTests } from "./support/selection.ts";

/**
 * All tests, or those whose path contains one of the words given: `npm test -- unit`, `npm test -- deploy`. One file
 * after the other, since the integration tests share the machine's Docker; node's summary closes it. The set-up is run
 * where one of them needs it.
 */
const root = resolve(import.meta.dirname, "..");

async function main(argv: string[]): Promise<number> {
  const words = argv.filter((word) => !word.startsWith("-"));
  const options = argv.filter((word) => word.startsWith("-"));
  const files = selectedTests(root, words);
  if (files.length === 0) {
    console.error(`No test file has ${words.join(" or ")} in its path.`);
    return 2;
  }
  let env = process.env;
  if (needSetup(files)) {
    await ensureSetup(root);
    env = { ...env, ...engineEnvironment(root).env };
  }
  const tests = ["--test", "--test-concurrency=1", "--test-reporter=spec", ...options, ...files];
  return spawnSync(process.execPath, tests, { cwd: root, env, stdio: "inherit" }).status ?? 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = exitCode(error);
}
