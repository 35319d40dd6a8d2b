import assert from "node:assert/strict";
import { test } from "node:test";
import type { Strategy } from "../../core/settings/rollout.ts";
import type { JobContext } from "../../jobs/context.ts";
import { refuseActive } from "../../jobs/edge/refuse-active.ts";

test("a release is not prepared in place of the active one, unless by `rolling` or as a rollback from it", async () => {
  const active = { committed: "green", releases: { blue: "b-1", green: "g-2" }, also: { blue: null, green: null } };
  const table: [what: string, state: object, strategy: Strategy, refused: boolean][] = [
    ["the idle color", { ...active, committed: "blue" }, "blue-green", false],
    ["no color is active", { ...active, committed: null }, "blue-green", false],
    ["another deploy was committed first", active, "blue-green", true],
    ["as a canary", active, "canary", true],
    ["behind the page", active, "recreate", true],
    ["in place", active, "rolling", false],
    ["the same again", { ...active, releases: { blue: "b-1", green: "g-1" } }, "blue-green", false],
    ["a rollback from `rolling`", { ...active, also: { blue: null, green: "g-1" } }, "blue-green", false],
    ["the color was never announced", { ...active, releases: { blue: "b-1", green: null } }, "blue-green", false],
  ];
  for (const [what, state, strategy, refused] of table) {
    const context = { edge: () => ({ state: async () => state }) } as unknown as JobContext;
    const input = { prefix: "turnout-prod", color: "green", version: "1", release: "g-1", strategy } as const;
    const asked = refuseActive({ ...input, edge: {} as never }, context);
    if (!refused) await assert.doesNotReject(asked, what);
    else
      await assert.rejects(
        asked,
        {
          name: "GuardError",
          message: /green active with g-2, .*Deploy it to the other color: .*deploy -- 1 --stack prod\.$/,
        },
        what,
      );
  }
});
