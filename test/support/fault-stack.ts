import type { Color } from "../../core/color.ts";
import type { ShiftInput } from "../../core/jobs/inputs.ts";
import type { JournalRecord, RecordOf } from "../../core/journal/records.ts";
import { names } from "../../core/names.ts";
import { imageReference } from "../../images/own-images.ts";
import type { Running } from "./colors.ts";
import { type JournalTail, tailJournal } from "./journal-tail.ts";
import { type Elsewhere, type RunningJob, shiftInput, startJob } from "./shift-job.ts";
import { type TestStack, testStack } from "./stack.ts";

/** A stack for many shifts: blue serves 1.0.0, and green is ready beside it. */
export interface FaultStack {
  readonly stack: TestStack;
  readonly journal: JournalTail;
  remove(): Promise<void>;
}

/** A shift under way, and what the journal says of it. */
export interface RunningShift extends RunningJob {
  readonly input: ShiftInput;
  /** The records of this job, as `step 10` or `ended reverted, at fault`. */
  events(): string[];
  records(): RecordOf<"shift">[];
  /** Its first record that fits, as soon as it is written. */
  recorded(event: string, fits?: (record: JournalRecord) => boolean): Promise<JournalRecord>;
}

/** One `up` with both colors; the tests then run the shift's job itself. */
export async function faultStack(): Promise<FaultStack> {
  const stack = await testStack();
  Object.assign(stack.settings, {
    versions: { blue: "1.0.0", green: "1.1.0" },
    strategy: "canary",
    timeouts: { start: 60, smoke: 30, workers: 20, check: 5 },
    rollout: {
      steps: [
        { weight: 10, seconds: 5 },
        { weight: 50, seconds: 5 },
      ],
      ...{ bake: 5, soak: 0, hold: 30, skew: 5, drain: 6 },
    },
    // A busy machine answers late now and then: only where slowness is the matter is one in a hundred looked at.
    thresholds: { window: 8, minimumSamples: 20, quantile: 90 },
  });
  await stack.save();
  const up = await stack.up();
  if (up.code !== 0) {
    await stack.remove();
    throw new Error(up.text);
  }
  const ops = await imageReference(`${import.meta.dirname}/../..`, "ops");
  const journal = await tailJournal(ops, stack.prefix, names(stack.prefix).journalVolume);
  return {
    stack,
    journal,
    async remove() {
      await journal.stop();
      await stack.remove();
    },
  };
}

/**
 * Starts the shift to a release.
 * @param more what is different from the stack's settings; the input of an earlier shift repeats that one
 */
export async function startShift(
  { stack, journal }: FaultStack,
  to: Running,
  more: Partial<ShiftInput> = {},
  elsewhere: Elsewhere & { follow?: JournalTail } = {},
): Promise<RunningShift> {
  const followed = elsewhere.follow ?? journal;
  const from = followed.records.length;
  const input = shiftInput(stack, { ...to, ...more });
  const job = await startJob(stack, "shift", input, elsewhere);
  const records = () =>
    followed.records
      .slice(from)
      .filter((one) => one.step === "shift")
      .filter((one) => one.release === to.release);
  const isOwn = (record: JournalRecord) => record.step === "shift" && record.release === to.release;
  return {
    ...job,
    input,
    records,
    events: () => records().map(nameOf),
    recorded(event, fits = () => true) {
      const next = (seconds?: number) =>
        followed.next(
          `${event} of ${to.release}`,
          from,
          (one) => isOwn(one) && one.event === event && fits(one),
          seconds,
        );
      // Its last record may be on its way still when the job has ended.
      const tooLate = job.ended.then((end) =>
        next(5).catch(() => {
          throw new Error(`the job ended with ${end.code} and without ${event}:\n${end.text}`);
        }),
      );
      return Promise.race([next(), tooLate]);
    },
  };
}

/** Rolls back to a color that was active before: no canary, no bake. */
export async function returnTo(faults: FaultStack, to: Running): Promise<void> {
  const end = await (await startShift(faults, to)).ended;
  if (end.code !== 0) throw new Error(end.text);
}

/** Closes the newest incident, so that its release may be tried again. */
export async function retry({ stack }: FaultStack): Promise<void> {
  const { code, text } = await stack.cli("ops", "retry");
  if (code !== 0) throw new Error(text);
}

/** What a color was given by the program. */
export async function deployed({ stack }: FaultStack, color: Color): Promise<Running> {
  const service = names(stack.prefix).service(color, "api");
  const env = JSON.parse(
    await stack.docker("service", "inspect", "--format", "{{json .Spec.TaskTemplate.ContainerSpec.Env}}", service),
  ) as string[];
  const of = (name: string) => env.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  return { color, version: of("TURNOUT_VERSION"), release: of("TURNOUT_RELEASE") };
}

/** A record as `step 10` or `ended reverted, at fault`. */
function nameOf(record: RecordOf<"shift">): string {
  if (record.event === "step") return `step ${record.weight}`;
  if (record.event !== "ended") return record.event;
  return `ended ${record.outcome}${record.blame ? ", at fault" : ""}`;
}
