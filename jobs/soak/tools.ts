import type { EdgeAddress, SoakInput } from "../../core/jobs/inputs.ts";
import type { EventOf } from "../../core/journal/records.ts";
import type { JobContext } from "../context.ts";
import type { EdgeClient } from "../edge/client.ts";
import { type Recorder, recorderOf } from "../recorder.ts";
import type { Watch } from "../shift/watch.ts";

/** What acts for a soak. */
export interface Soak extends Recorder<EventOf<"soak">> {
  /** Its name: that of its service, so that a restarted job finds its records in the journal. */
  name: string;
  input: SoakInput;
  address: EdgeAddress;
  edge: EdgeClient;
  watch: Watch;
  context: JobContext;
}

/** @see Soak */
export function soakOf(parts: Omit<Soak, "edge" | keyof Recorder<unknown>>): Soak {
  const { name, input, address, context } = parts;
  const { color, version, release } = input;
  const recorder = recorderOf<EventOf<"soak">>(context, (event) => ({
    ...{ step: "soak", color, version, release, soak: name },
    ...event,
  }));
  return { ...parts, ...recorder, edge: context.edge(address) };
}
