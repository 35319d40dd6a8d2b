import { execa } from "execa";
import { engine } from "../cli/engine.ts";

/**
 * How long a flip takes compared with an update without changes: pairs of `pulumi up` on the stack `dev`, which must be
 * up with both colors configured. Prints a table for bench/flip.md.
 *
 *   npm run -s bench -- flip
 */
const pairs = 5;

async function seconds(): Promise<number> {
  const began = performance.now();
  await execa("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev"], { stdin: "ignore" });
  return (performance.now() - began) / 1000;
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}

const dev = engine("dev", "turnout");
const { activeColor = "", versions = "{}" } = await dev.config().catch((error: Error) => fail(error.message));
if (Object.keys(JSON.parse(versions)).length < 2)
  fail("The stack dev has only one color. Deploy the other one with `npm run deploy -- 1.1.0`.");
let color = activeColor;
const rows: [number, number][] = [];
await seconds();
for (let pair = 0; pair < pairs; pair++) {
  const noop = await seconds();
  color = color === "blue" ? "green" : "blue";
  await dev.write({ activeColor: color });
  rows.push([noop, await seconds()]);
}
if (pairs % 2 === 1) {
  await dev.write({ activeColor: color === "blue" ? "green" : "blue" });
  await seconds();
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
console.log("| no-op, s | flip, s | flip / no-op |\n|---|---|---|");
for (const [noop, flip] of rows)
  console.log(`| ${noop.toFixed(2)} | ${flip.toFixed(2)} | ${(flip / noop).toFixed(2)} |`);
console.log(`\nMedian ratio ${median(rows.map(([noop, flip]) => flip / noop)).toFixed(2)}.`);
