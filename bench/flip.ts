import { execa } from "execa";

/**
 * How long a flip takes beside an update that has nothing to do: pairs of `pulumi up` on the stack `dev`, which must be
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

async function activate(color: string): Promise<void> {
  await execa("pulumi", ["config", "set", "activeColor", color, "--stack", "dev"]);
}

const config = await execa("pulumi", ["config", "--json", "--stack", "dev"], { reject: false });
const values = config.failed ? {} : (JSON.parse(config.stdout) as Record<string, { value: string } | undefined>);
const versions = JSON.parse(values["turnout:versions"]?.value ?? "{}") as Record<string, string>;
if (!versions.blue || !versions.green) {
  console.error("The stack dev is not up with both colors: `npm run demo`, then `npm run deploy -- 1.1.0`.");
  process.exit(1);
}
let color = values["turnout:activeColor"]?.value ?? "";
const rows: [number, number][] = [];
await seconds();
for (let pair = 0; pair < pairs; pair++) {
  const noop = await seconds();
  color = color === "blue" ? "green" : "blue";
  await activate(color);
  rows.push([noop, await seconds()]);
}
if (pairs % 2 === 1) {
  await activate(color === "blue" ? "green" : "blue");
  await seconds();
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
console.log("| no-op, s | flip, s | flip / no-op |\n|---|---|---|");
for (const [noop, flip] of rows)
  console.log(`| ${noop.toFixed(2)} | ${flip.toFixed(2)} | ${(flip / noop).toFixed(2)} |`);
console.log(`\nMedian ratio ${median(rows.map(([noop, flip]) => flip / noop)).toFixed(2)}.`);
