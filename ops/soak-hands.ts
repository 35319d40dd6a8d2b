import type { EdgeAddress, SoakInput } from "../core/jobs.ts";
import type { JobContext } from "./context.ts";
import type { EdgeClient } from "./edge.ts";
import { saidWhenFull } from "./journal.ts";
import type { Watch } from "./watch.ts";

/** What a soak works with. */
export interface Soak {
  /** Its name: that of its service, so that a job that is started again knows itself in the journal. */
  name: string;
  input: SoakInput;
  address: EdgeAddress;
  edge: EdgeClient;
  watch: Watch;
  context: JobContext;
  /** Adds a record of this soak to the journal. */
  note: (event: string, detail?: object) => Promise<void>;
  /** The same, where a disk that is full is no reason to stop. */
  noteOrSay: (event: string, detail?: object) => Promise<void>;
}

/** @see Soak */
export function soakOf(parts: Omit<Soak, "edge" | "note" | "noteOrSay">): Soak {
  const { name, input, address, context } = parts;
  const { color, version, release } = input;
  const note: Soak["note"] = (event, detail = {}) =>
    context.journal.append({
      ...{ at: context.now().toISOString(), step: "soak", event },
      operator: process.env.TURNOUT_OPERATOR ?? "unknown",
      ...{ color, version, release, soak: name },
      ...detail,
    });
  return {
    ...parts,
    ...{ edge: context.edge(address), note },
    noteOrSay: (event, detail) => note(event, detail).catch(saidWhenFull(context.say, `soak: ${event}`)),
  };
}
