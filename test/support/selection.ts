import { globSync } from "node:fs";

/**
 * The test files that words select, the quick ones first.
 * @param root the project folder
 * @param words pieces of paths; without any, all files are selected
 */
export function selectedTests(root: string, words: readonly string[]): string[] {
  return ["unit", "integration", "faults"]
    .flatMap((kind) => globSync(`test/${kind}/**/*.test.ts`, { cwd: root }).toSorted())
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
}

/** Whether tests use the real Docker and the real engine. */
export function needSetup(files: readonly string[]): boolean {
  return files.some((file) => !file.startsWith("test/unit/"));
}
