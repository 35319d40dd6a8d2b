import assert from "node:assert/strict";
import { test } from "node:test";
import type { Commands } from "../../cli/context.ts";
import { demo, demoDown } from "../../cli/demo.ts";
import type { Engine } from "../../cli/engine.ts";
import { SettingsError } from "../../core/errors.ts";

/** Commands of a stack whose engine must not be asked for anything. */
function untouchable(stack: string): Commands {
  const refused = async () => assert.fail("the engine was asked");
  const methods = {
    config: refused,
    dockerHost: refused,
    write: refused,
    outputs: refused,
    state: refused,
    init: refused,
  };
  const engine: Engine = { stack, ...methods, up: refused, destroy: refused, forget: refused };
  const target = { stack, prefix: `turnout-${stack}`, dockerHost: "", docker: { query: refused } };
  return { engine, target, overrides: {}, say: assert.fail };
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
