import { resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { describeError, exitCode } from "../core/errors.ts";
import { engineEnvironment } from "../setup/engine.ts";
import { ensureSetup } from "../setup/setup.ts";
import { removeLeftBehind } from "./support/left-behind.ts";
import { needSetup, selectedTests } from "./support/selection.ts";

/**
 * All tests, or those whose path contains one of the given words: `npm test -- unit`, `npm test -- deploy`. Runs two
 * files at a time, because they mostly wait for containers, and ends with node's summary. The set-up runs if one of the
 * tests needs it.
 */
const root = resolve(import.meta.dirname, "..");

async function main(words: string[]): Promise<number> {
  const files = selectedTests(root, words);
  if (files.length === 0) {
    console.error(`No test file has ${words.join(" or ")} in its path.`);
    return 2;
  }
  if (needSetup(files)) {
    await ensureSetup(root);
    Object.assign(process.env, engineEnvironment(root).env);
    await removeLeftBehind((line) => console.log(`  ${line}`));
  }
  const events = run({ files: files.map((file) => resolve(root, file)), concurrency: 2, cwd: root });
  let failed = false;
  events.on("test:summary", ({ success }) => {
    failed ||= !success;
  });
  for await (const text of events.compose(new spec())) process.stdout.write(text as string);
  return failed ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = exitCode(error);
}
