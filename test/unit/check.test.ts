import assert from "node:assert/strict";
import { globSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { execa } from "execa";

const root = resolve(import.meta.dirname, "../..");

// Node strips types without checking them, so types have a test of their own.
test("format, lint and strict types hold", async () => {
  const done = await execa("npm", ["run", "--silent", "check"], { cwd: root, reject: false, all: true });
  assert.equal(done.exitCode, 0, done.all);
});

/** Lines that a merge leaves, also as a formatter of Markdown writes them: quotes in quotes. */
const conflict = /^(?:<{7}|>{7}|\|{7}|(?:> ){6}>|(?:< ){6}<)(?: |$)|^={7}$/m;

test("no file has conflict markers", () => {
  const foreign = ["node_modules", ".git", ".turnout"];
  const paths = globSync(["**/*", ".*", ".ci/*"], { cwd: root, exclude: (path) => foreign.includes(path) });
  const files = paths.filter((path) => statSync(join(root, path)).isFile());
  assert.ok(files.includes("README.md") && files.includes(".ci/run"));
  for (const file of files) assert.doesNotMatch(readFileSync(join(root, file), "utf8"), conflict, file);
});

test("conflict markers are recognized by their lines", () => {
  const mark = (sign: string) => sign.repeat(7);
  const spaced = (sign: string) => Array(7).fill(sign).join(" ");
  for (const line of [`${mark("<")} HEAD`, mark("="), `${mark(">")} c136938 (x)`, `${mark("|")} base`])
    assert.match(`before\n${line}\nafter\n`, conflict);
  for (const line of [`${spaced(">")} c136938 (x)`, spaced("<")]) assert.match(`before\n${line}\nafter\n`, conflict);
  for (const line of ["> a quote", "> > of a quote", "=".repeat(8), `# ${mark("=")}`, `a ${mark(">")} b`])
    assert.doesNotMatch(`before\n${line}\nafter\n`, conflict);
});
