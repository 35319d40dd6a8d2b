import { startLoad } from "../test/support/load.ts";
import { servingColor } from "../test/support/poll.ts";
import { type Outcome, testStack } from "../test/support/stack.ts";

/**
 * Flips back and forth under load, each with a whole `pulumi up`, until there were enough flips and requests. Every
 * request is accounted for; one without a 2xx answer is lost.
 *
 *   npm run -s bench -- flips [FLIPS] [REQUESTS]
 */
const flips = Number(process.argv[2] ?? 100);
const requests = Number(process.argv[3] ?? 1_000_000);

function through(outcome: Outcome): Outcome {
  if (outcome.code !== 0) throw new Error(outcome.text);
  return outcome;
}

const stack = await testStack();
try {
  stack.settings.rollout = { bake: 0, soak: 0 };
  stack.settings.replicas = { api: 2, web: 2 };
  await stack.save();
  through(await stack.up());
  through(await stack.cli("deploy", "1.1.0"));
  const load = startLoad(stack.url, { users: 8, pause: 0, calculations: 6 });
  const seconds: number[] = [];
  let wrong = 0;
  while (seconds.length < flips || load.answered() < requests) {
    const wanted = (await servingColor(stack.url)) === "green" ? "blue" : "green";
    seconds.push(through(await stack.cli("rollback")).seconds);
    if ((await servingColor(stack.url)) !== wanted) wrong++;
    if (seconds.length % 10 === 0)
      console.error(`${seconds.length} flips, ${load.answered()} answers, ${load.lost()} lost`);
  }
  const report = await load.stop();
  const sorted = seconds.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(1);
  console.log(
    `flips           ${seconds.length}, each a whole \`npm run rollback\`; ${wrong} ended on the wrong color`,
  );
  console.log(`requests        ${report.sent} sent, ${report.answered} answered with 2xx, ${report.lost.length} lost`);
  console.log(
    `load            8 users, half on kept connections; of 8 requests 6 calculate, 1 is a page, 1 a write; ` +
      `${rate(report)} requests a second`,
  );
  console.log(`by color        ${JSON.stringify(report.byColor)}`);
  console.log(`a flip takes    ${at(0.5)} s (median), ${at(0)} s at best, ${at(1)} s at worst`);
  for (const lost of report.lost.slice(0, 20)) console.log(`lost            ${JSON.stringify(lost)}`);
  if (report.lost.length > 0 || wrong > 0) process.exitCode = 1;
} finally {
  await stack.remove();
}

function rate({ sent, seconds }: { sent: number; seconds: number }): number {
  return Math.round(sent / seconds);
}
