import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { work } from "../../setup/run.ts";
import { SetupError } from "../../setup/step.ts";

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "turnout-run-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a log that cannot be opened is one sentence, and the command is not run", async (t) => {
  const folder = emptyFolder(t);
  mkdirSync(join(folder, "directory"));
  writeFileSync(join(folder, "file"), "");
  const ran = join(folder, "ran");
  for (const log of [join(folder, "directory"), join(folder, "file", "x.log")])
    await assert.rejects(work({ what: "building it", argv: ["touch", ran], log }, assert.fail), (error) => {
      assert.ok(error instanceof SetupError, String(error));
      assert.ok(error.message.startsWith(`${log} cannot be written: E`), error.message);
      assert.match(error.message, /^[^\n]+\. Free disk space, or let this user write there\.$/);
      return true;
    });
  assert.equal(existsSync(ran), false);
});

test("a command that fails is reported with the end of its output, which its log keeps", async (t) => {
  const log = join(emptyFolder(t), "logs", "x.log");
  const argv = ["sh", "-c", "echo first; echo last; exit 3"] as const;
  await assert.rejects(
    work({ what: "building it", argv: [...argv], log, remedy: "try again" }, assert.fail),
    new SetupError("building it failed", "try again. The end of its output:\n    first\n    last"),
  );
  assert.equal(readFileSync(log, "utf8"), "first\nlast\n");
});
