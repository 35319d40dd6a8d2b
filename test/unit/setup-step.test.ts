import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose, duration, runSteps, SetupError, type Step } from "../../setup/step.ts";

/** A step that is missing until it has run. */
function step(name: string, log: string[], options: { there?: boolean; run?: () => Promise<void> } = {}): Step {
  let there = options.there ?? false;
  return {
    name,
    remedy: `get ${name}`,
    check: async () => (there ? undefined : `${name} is missing`),
    run: async () => {
      log.push(name);
      await options.run?.();
      there = true;
    },
  };
}

function surroundings() {
  const printed: string[] = [];
  let clock = 0;
  return {
    printed,
    say: (line: string) => void printed.push(line),
    // The clock advances by a quarter of a second each time it is read.
    now: () => (clock += 250),
    exclusively: <T>(work: () => Promise<T>) => work(),
  };
}

test("what is missing is installed in order, and a step with nothing to do prints nothing", async () => {
  const ran: string[] = [];
  const around = surroundings();
  await runSteps([step("a", ran), step("b", ran, { there: true }), step("c", ran)], around);
  assert.deepEqual(ran, ["a", "c"]);
  assert.deepEqual(around.printed, [
    "  a: a is missing",
    "✓ a … 0.3 s",
    "  c: c is missing",
    "✓ c … 0.3 s",
    "set-up: done, 1.3 s",
  ]);
});

test("a set-up with nothing to do says so in one line", async () => {
  const around = surroundings();
  await runSteps([step("a", [], { there: true })], around);
  assert.deepEqual(around.printed, ["set-up: nothing to do, 0.3 s"]);
});

test("a failure stops the set-up and says what, why and what to do", async () => {
  const ran: string[] = [];
  const failure = new SetupError("No engine answers: connection refused", "start it");
  const failing = step("b", ran, { run: () => Promise.reject(failure) });
  await assert.rejects(runSteps([step("a", ran), failing, step("c", ran)], surroundings()), {
    name: "SetupError",
    message: "No engine answers: connection refused. Start it.",
  });
  assert.deepEqual(ran, ["a", "b"]);
});

test("a step that succeeded and changed nothing is a failure", async () => {
  const idle: Step = { ...step("a", []), check: async () => "it is not there", run: async () => {} };
  await assert.rejects(runSteps([idle], surroundings()), {
    message: "a: the set-up succeeded, but it is not there. Get a.",
  });
});

test("what another set-up provided while this one waited is not provided again", async () => {
  const ran: string[] = [];
  let there = false;
  const shared: Step = { ...step("a", ran), check: async () => (there ? undefined : "missing") };
  const around = surroundings();
  await runSteps([shared], {
    ...around,
    exclusively: (work, wait) => {
      wait();
      there = true;
      return work();
    },
  });
  assert.deepEqual(ran, []);
  assert.equal(around.printed[0], "  a: waiting for another set-up to finish");
});

test("the doctor checks everything and runs nothing", async () => {
  const ran: string[] = [];
  const printed: string[] = [];
  const steps = [step("a", ran), step("b", ran, { there: true }), step("c", ran)];
  assert.equal(await diagnose(steps, (line) => printed.push(line)), false);
  assert.deepEqual(printed, ["✗ a: a is missing. get a.", "✓ b", "✗ c: c is missing. get c."]);
  assert.deepEqual(ran, []);
  assert.equal(await diagnose([step("b", ran, { there: true })], () => {}), true);
});

test("durations are short to read", () => {
  assert.deepEqual([0, 812, 41_000, 492_000].map(duration), ["0.0 s", "0.8 s", "41.0 s", "8 min 12 s"]);
});
