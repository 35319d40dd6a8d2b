/** Where the ops image starts: `agent` is the edge's agent, every other word is the verb of a job. */
await (process.argv[2] === "agent" ? import("../../agent/start.ts") : import("../../jobs/main.ts"));
