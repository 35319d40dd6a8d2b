import { relative, resolve } from "node:path";
import { Readable } from "node:stream";
import { run } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { spec } from "node:test/reporters";
import { describeError, exitCode } from "../core/errors.ts";
import { engineEnvironment } from "../setup/engine.ts";
import { ensureSetup } from "../setup/setup.ts";
import { removeLeftBehind } from "./support/left-behind.ts";
import { needSetup, selectedTests } from "./support/selection.ts";

/**
 * All tests, or those whose path contains one of the words given: `npm test -- unit`, `npm test -- deploy`. Runs three
 * files at a time, because they mostly wait, and ends with node's summary. The set-up runs if one of the tests needs it.
 */
const root = resolve(import.meta.dirname, "..");

/** How many of the longest files are listed. */
const listed = 10;

/** Passes the events on, and lists the longest files right before the runner's own summary. */
async function* timed(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  const files: { file: string; seconds: number }[] = [];
  let isListed = false;
  for await (const event of events) {
    if (event.type === "test:summary" && event.data.file)
      files.push({ file: relative(root, event.data.file), seconds: event.data.duration_ms / 1000 });
    if (!isListed && event.type === "test:diagnostic" && event.data.message.startsWith("tests ")) {
      isListed = true;
      const longest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, listed);
      const lines = longest.map(({ file, seconds }) => `  ${seconds.toFixed(1).padStart(6)} s  ${file}`);
      yield { type: "test:stdout", data: { file: "", message: `\nLongest files:\n${lines.join("\n")}\n\n` } };
    }
    yield event;
  }
}

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
  const events = run({ files: files.map((file) => resolve(root, file)), concurrency: 3, cwd: root });
  let failed = false;
  events.on("test:summary", ({ success }) => {
    failed ||= !success;
  });
  for await (const text of Readable.from(timed(events)).compose(new spec())) process.stdout.write(String(text));
  return failed ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = exitCode(error);
}
