/** How a websocket ended. */
export interface SocketEnd {
  /** The close code; 1006: the connection broke without a word. */
  code: number;
  reason: string;
  /** Both sides said goodbye. */
  clean: boolean;
  /** Milliseconds since the epoch. */
  at: number;
  /** How long it was open. */
  seconds: number;
}

/** Everything that went over a websocket. */
export interface SocketReport {
  /** Who answered: one process for as long as it is open. */
  color: string;
  release: string;
  session: string;
  sent: number;
  /** Echoes that came, each in its turn. */
  echoed: number;
  /** Heartbeats that came, each in its turn. */
  ticks: number;
  /** What was sent and never echoed. */
  unanswered: string[];
  /** What came and should not have: out of turn, repeated, or not understood. */
  strange: string[];
  /** Undefined while it is open. */
  end: SocketEnd | undefined;
}

/** An open websocket. */
export interface SocketVisit {
  readonly color: string;
  /** Sends a text and resolves with its echo. Rejects when the socket ends first. */
  say(text: string): Promise<void>;
  /** Resolves when the socket ends, whoever ends it. Never rejects. */
  readonly ended: Promise<SocketEnd>;
  /** What happened so far. */
  report(): SocketReport;
  /** Says goodbye and accounts for everything. */
  close(): Promise<SocketReport>;
}

interface Waiting {
  text: string;
  resolve: () => void;
  reject: (reason: Error) => void;
}

/**
 * Connects to the crew's live status and waits until it said who answers.
 * @param url the entrance, http
 * @throws Error when it is not accepted, or says nothing, within 10 seconds
 */
export async function openSocket(url: string, headers: Record<string, string> = {}): Promise<SocketVisit> {
  const target = new URL("/v1/live", url);
  target.protocol = target.protocol.replace("http", "ws");
  const socket = new WebSocket(target, { headers });
  const began = performance.now();
  const record: SocketReport = {
    ...{ color: "", release: "", session: "", sent: 0, echoed: 0, ticks: 0 },
    ...{ unanswered: [], strange: [], end: undefined },
  };
  const waiting: Waiting[] = [];
  const greeted = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<SocketEnd>();

  socket.addEventListener("message", ({ data }) => {
    if (!take(String(data), record, waiting)) record.strange.push(String(data));
    if (record.session) greeted.resolve();
  });
  socket.addEventListener("close", ({ code, reason, wasClean }) => {
    const seconds = (performance.now() - began) / 1000;
    record.end = { code, reason, clean: wasClean, at: Date.now(), seconds };
    const ended = new Error(`the socket ended with ${code}${reason ? ` (${reason})` : ""}`);
    for (const { reject } of waiting) reject(ended);
    greeted.reject(ended);
    closed.resolve(record.end);
  });

  const timer = setTimeout(() => {
    greeted.reject(new Error(`${target.href} said nothing within 10 s`));
    socket.close();
  }, 10_000);
  await greeted.promise.finally(() => clearTimeout(timer));

  const report = () => ({ ...record, unanswered: waiting.map(({ text }) => text), strange: [...record.strange] });
  return {
    color: record.color,
    ended: closed.promise,
    report,
    say(text) {
      if (record.end) return Promise.reject(new Error(`the socket has ended with ${record.end.code}`));
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ text, resolve, reject });
      record.sent++;
      socket.send(text);
      return promise;
    },
    async close() {
      socket.close(1000);
      await closed.promise;
      return report();
    },
  };
}

/** Notes one message. False when it is none that could come now. */
function take(data: string, record: SocketReport, waiting: Waiting[]): boolean {
  const said = parse(data);
  if (typeof said.session === "string" && !record.session) {
    record.color = String(said.color);
    record.release = String(said.release);
    record.session = said.session;
    return true;
  }
  if (said.tick === record.ticks + 1) {
    record.ticks++;
    return true;
  }
  const [first] = waiting;
  if (first === undefined || said.echo !== first.text || said.n !== record.echoed + 1) return false;
  record.echoed++;
  waiting.shift();
  first.resolve();
  return true;
}

function parse(data: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(data)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
