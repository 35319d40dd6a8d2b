import type { EdgeAddress, SoakInput } from "../../core/jobs/inputs.ts";
import type { JobContext } from "../context.ts";
import type { EdgeClient } from "../edge/client.ts";
import { type Recorder, recorderOf } from "../recorder.ts";
import type { Watch } from "../shift/watch.ts";

/** What a soak works with. */
export interface Soak extends Recorder {
  /** Its name: that of its service, so that a job that is started again knows itself in the journal. */
  name: string;
  input: SoakInput;
  address: EdgeAddress;
  edge: EdgeClient;
  watch: Watch;
  context: JobContext;
}

/** @see Soak */
export function soakOf(parts: Omit<Soak, "edge" | keyof Recorder>): Soak {
  const { name, input, address, context } = parts;
  const { color, version, release } = input;
  const notes = recorderOf(context, "soak", { color, version, release, soak: name });
  return { ...parts, ...notes, edge: context.edge(address) };
}
