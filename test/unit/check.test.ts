import assert from "node:assert/strict";
import { globSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";

const root = resolve(import.meta.dirname, "../..");

// Node strips types without checking them, so types have a test of their own.
test("format, lint and strict types hold", async () => {
  const done = await execa("npm", ["run", "--silent", "check"], { cwd: root, reject: false, all: true });
  assert.equal(done.exitCode, 0, done.all);
});

/** The import rules, applied to a project with these files. */
async function importRules(t: TestContext, files: Record<string, string>) {
  const project = await mkdtemp(join(tmpdir(), "turnout-rules-"));
  t.after(() => rm(project, { recursive: true, force: true }));
  for (const [path, text] of Object.entries({ "tsconfig.json": "{}", ...files })) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), text);
  }
  const argv = [join(root, "node_modules/.bin/depcruise"), "--config", join(root, ".dependency-cruiser.mjs"), "."];
  return execa(process.execPath, argv, { cwd: project, reject: false, all: true });
}

const a = "export const a = 1;\n";

test("an import that the table allows passes", async (t) => {
  const done = await importRules(t, {
    "core/a.ts": a,
    "jobs/b.ts": 'import { a } from "../core/a.ts";\nexport const b = a;\n',
  });
  assert.equal(done.exitCode, 0, done.all);
});

/** Imports that the table does not allow: each file, and what it imports. */
const refused = [
  ["core/b.ts", "jobs/a.ts"],
  ["agent/b.ts", "jobs/a.ts"],
  ["jobs/b.ts", "agent/a.ts"],
  ["components/b.ts", "server/a.ts"],
  ["index.ts", "cli/a.ts"],
  ["server/b.ts", "test/a.ts"],
  ["setup/b.ts", "cli/a.ts"],
] as const;

test("imports that the table does not allow fail, each by its rule", async (t) => {
  const files: Record<string, string> = {
    "setup/c.ts": a,
    "core/io.ts": 'import { readFile } from "node:fs/promises";\nexport const read = readFile;\n',
    "core/c.ts": 'import type { D } from "./d.ts";\nexport type C = { d: D };\n',
    "core/d.ts": 'import type { C } from "./c.ts";\nexport type D = { c: C };\n',
  };
  for (const [from, to] of refused) {
    files[to] = a;
    files[from] = `import { a } from "${from.includes("/") ? "../" : "./"}${to}";\nexport const b = a;\n`;
  }
  files["index.ts"] += 'export { a as c } from "./setup/c.ts";\n';
  const done = await importRules(t, files);
  assert.notEqual(done.exitCode, 0, done.all);
  for (const [from, to] of [...refused, ["index.ts", "setup/c.ts"]])
    assert.match(done.all ?? "", new RegExp(`error \\S+-imports: ${from} → ${to}`));
  assert.match(done.all ?? "", /error core-packages: core\/io\.ts → fs\/promises/, "core may import no files");
  assert.match(done.all ?? "", /error no-cycle: core\/c\.ts → \s*core\/d\.ts/, "also a circle of types");
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
