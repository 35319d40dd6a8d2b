import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { resolve } from "node:path";

/**
 * All tests, or those whose path contains one of the words given: `npm test -- unit`, `npm test -- deploy`. One file
 * after the other, since the integration tests share the machine's Docker; node's summary closes it.
 */
const root = resolve(import.meta.dirname, "..");
const words = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const options = process.argv.slice(2).filter((word) => word.startsWith("-"));
const files = ["unit", "integration", "faults"]
  .flatMap((kind) => globSync(`test/${kind}/**/*.test.ts`, { cwd: root }).toSorted())
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
if (files.length === 0) {
  console.error(`No test file has ${words.join(" or ")} in its path.`);
  process.exit(2);
}
const argv = ["--test", "--test-concurrency=1", "--test-reporter=spec", ...options, ...files];
process.exitCode = spawnSync(process.execPath, argv, { cwd: root, stdio: "inherit" }).status ?? 1;
