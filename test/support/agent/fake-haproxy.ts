import { createServer, type Server } from "node:net";
import { join } from "node:path";

/** A master's socket with workers that keep maps, as far as the agent asks. */
export class FakeHaproxy {
  /** Maps of each worker by pid, the newest worker first. */
  workers = new Map<number, Map<string, Map<string, string>>>();
  /** What `reload` answers. */
  reloadAnswer = "Success=1\n--\n[NOTICE]   (1) : Loading success.\n";
  /** Lines of `show sess`, by worker. */
  sessions = new Map<number, string[]>();
  /** What was shut down: worker and session. */
  closed: string[] = [];
  /** Every command, in order. */
  asked: string[] = [];
  /** Ignores `commit map`, as a HAProxy that is killed in between would. */
  deaf = false;
  private prepared = new Map<string, Map<string, string>>();
  private server: Server | undefined;

  constructor(...pids: number[]) {
    for (const pid of pids) this.addWorker(pid);
  }

  addWorker(pid: number): void {
    const maps = new Map([
      ["/edge/serve.map", new Map([["serve", "-:-:0:-:-:-"]])],
      [
        "/edge/releases.map",
        new Map([
          ["blue", "-"],
          ["green", "-"],
        ]),
      ],
    ]);
    this.workers = new Map([[pid, maps], ...this.workers]);
  }

  serves(pid: number): string | undefined {
    return this.workers.get(pid)?.get("/edge/serve.map")?.get("serve");
  }

  async listen(directory: string): Promise<void> {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.once("data", (chunk) => socket.end(`${this.answer(String(chunk).trim())}\n`));
      socket.on("error", () => undefined);
    }).listen(join(directory, "master.sock"));
    await new Promise((resolve) => this.server?.once("listening", resolve));
  }

  async close(): Promise<void> {
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
    this.server = undefined;
  }

  private answer(line: string): string {
    this.asked.push(line);
    if (line === "show proc") return this.processes();
    if (line === "reload") return this.reloadAnswer;
    const [, pid, command] = line.match(/^@!(\d+) (.*)$/) ?? [];
    const maps = this.workers.get(Number(pid));
    if (maps === undefined || command === undefined) return `Can't find the target PID matching the prefix '@!${pid}'.`;
    return this.command(maps, Number(pid), command.split(" "));
  }

  private command(maps: Map<string, Map<string, string>>, pid: number, words: string[]): string {
    const [verb, , third = "", fourth = "", key = "", value = ""] = words;
    const id = `${pid} ${fourth}`;
    if (verb === "show" && words[1] === "map")
      return [...(maps.get(third) ?? [])].map(([name, text]) => `0x7f ${name} ${text}`).join("\n");
    if (verb === "show" && words[1] === "sess") return (this.sessions.get(pid) ?? []).join("\n");
    if (verb === "shutdown" && words[1] === "session") {
      this.closed.push(`${pid} ${third}`);
      this.sessions.set(
        pid,
        (this.sessions.get(pid) ?? []).filter((line) => !line.startsWith(`${third}: `)),
      );
    }
    if (verb === "prepare") {
      this.prepared.set(`${pid} ${third}`, new Map());
      return "New version created: 7\n";
    }
    if (verb === "add") this.prepared.get(id)?.set(key, value);
    if (verb === "commit" && !this.deaf) maps.set(fourth, this.prepared.get(id) ?? new Map());
    return "";
  }

  private processes(): string {
    const row = (pid: number) => `${pid}              worker          0               0d00h01m07s     3.0.11`;
    const [newest, ...old] = [...this.workers.keys()];
    return [
      "#<PID>          <type>          <reloads>       <uptime>        <version>",
      "1               master          1 [failed: 0]   0d00h02m07s     3.0.11",
      ...["# workers", newest === undefined ? "" : row(newest), "# old workers", ...old.map(row), "# programs", ""],
    ].join("\n");
  }
}
