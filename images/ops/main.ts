/** The entry point of the ops image: `agent` runs the edge's agent, any other argument is the verb of a job. */
await (process.argv[2] === "agent" ? import("../../agent/start.ts") : import("../../jobs/main.ts"));
