import { globSync } from "node:fs";
import { resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/**
 * All tests, or those whose path contains one of the words given: `npm test -- unit`, `npm test -- deploy`. Two files at
 * a time, the longest first: most of their time they wait for containers. Node's summary closes it.
 */
const root = resolve(import.meta.dirname, "..");
const words = process.argv.slice(2);

/** The order of files that take minutes; what stops the daemon comes last. The others stand between. */
const first = ["faults/release", "faults/killed", "faults/shift", "integration/strategies", "integration/deploy"];
const last = ["faults/z-daemon"];

const files = ["unit", "faults", "integration"]
  .flatMap((kind) => globSync(`test/${kind}/**/*.test.ts`, { cwd: root }).toSorted())
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .toSorted((a, b) => rank(a) - rank(b));
if (files.length === 0) {
  console.error(`No test file has ${words.join(" or ")} in its path.`);
  process.exit(2);
}

const events = run({ files: files.map((file) => resolve(root, file)), concurrency: 2, cwd: root });
events.on("test:summary", ({ file, success }) => {
  if (file === undefined && !success) process.exitCode = 1;
});
events.compose(new spec()).pipe(process.stdout);

/** Unit tests, then those of `first` in their order, all others, those of `last`. */
function rank(file: string): number {
  if (file.startsWith("test/unit/")) return 0;
  const within = (list: string[]) => list.findIndex((one) => file.startsWith(`test/${one}`));
  if (within(last) >= 0) return 3 + first.length;
  return within(first) >= 0 ? 1 + within(first) : 2 + first.length;
}
