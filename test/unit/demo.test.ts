import assert from "node:assert/strict";
import { test } from "node:test";
import type { Commands } from "../../cli/context.ts";
import { demo, demoDown } from "../../cli/demo.ts";
import { SettingsError } from "../../core/errors.ts";

/** Commands of a stack whose engine must not be asked for anything. */
function untouchable(stack: string): Commands {
  const engine = new Proxy({}, { get: (_target, key) => assert.fail(`the engine was asked for ${String(key)}`) });
  return { engine, target: { stack }, run: {}, say: assert.fail } as unknown as Commands;
}

test("the demo's commands refuse every stack but dev, before the engine is asked for anything", async () => {
  await assert.rejects(
    demoDown(untouchable("prod")),
    new SettingsError(
      "The demo is the stack dev, not prod",
      "to remove everything, use: npm run pulumi -- destroy --stack prod",
    ),
  );
  await assert.rejects(
    demo(untouchable("staging")),
    new SettingsError(
      "The demo is the stack dev, not staging",
      "bring it up with: npm run pulumi -- up --stack staging",
    ),
  );
});
