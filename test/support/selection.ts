import { globSync } from "node:fs";

/** Files that take minutes, the longest first, so that none of them runs alone at the end. */
const longest = ["faults/release", "faults/killed", "integration/strategies", "faults/shift", "integration/deploy"];

/** It stops the daemon, and waits until no other test has containers. */
const alone = "faults/z-daemon";

/**
 * The test files that words select. Those without containers come last, beside the one that must be alone with Docker.
 * @param root the project folder
 * @param words parts of paths; without any, all files are selected
 */
export function selectedTests(root: string, words: readonly string[]): string[] {
  return ["unit", "integration", "faults"]
    .flatMap((kind) => globSync(`test/${kind}/**/*.test.ts`, { cwd: root }).toSorted())
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .toSorted((a, b) => rank(a) - rank(b));
}

function rank(file: string): number {
  const isOf = (name: string) => file.startsWith(`test/${name}`);
  if (isOf("unit/")) return longest.length + 2;
  if (isOf(alone)) return longest.length + 1;
  const place = longest.findIndex(isOf);
  return place === -1 ? longest.length : place;
}

/** Whether tests use the real Docker and the real engine. */
export function needSetup(files: readonly string[]): boolean {
  return files.some((file) => !file.startsWith("test/unit/"));
}
