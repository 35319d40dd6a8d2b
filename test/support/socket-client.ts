/** How a websocket ended. */
export interface SocketEnd {
  /** The close code; 1006: the connection broke without a close frame. */
  code: number;
  reason: string;
  /** Whether both sides sent a close frame. */
  clean: boolean;
  /** Milliseconds since the epoch. */
  at: number;
  /** How long it was open. */
  seconds: number;
}

/** The report of a websocket. */
export interface SocketReport {
  /** The identity of the server: one process for as long as the socket is open. */
  color: string;
  release: string;
  session: string;
  sent: number;
  /** Echoes received in order. */
  echoed: number;
  /** Heartbeats received in order. */
  ticks: number;
  /** Texts that were never echoed. */
  unanswered: string[];
  /** Unexpected messages: out of order, repeated, or invalid. */
  strange: string[];
  /** Undefined while it is open. */
  end: SocketEnd | undefined;
}

/** An open websocket. */
export interface OpenSocket {
  readonly color: string;
  /** Sends a text and resolves with its echo. Rejects when the socket ends first. */
  send(text: string): Promise<void>;
  /** Resolves when the socket ends for any reason. Never rejects. */
  readonly ended: Promise<SocketEnd>;
  /** The report so far. */
  report(): SocketReport;
  /** Closes the socket and returns the report. */
  close(): Promise<SocketReport>;
}

interface Waiting {
  text: string;
  resolve: () => void;
  reject: (reason: Error) => void;
}

/**
 * Connects to the crew's live status and waits for the server's identity.
 * @param url the entrance, http
 * @throws Error when it is not accepted, or sends nothing, within 10 seconds
 */
export async function openSocket(url: string, headers: Record<string, string> = {}): Promise<OpenSocket> {
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
    greeted.reject(new Error(`${target.href} sent nothing within 10 s`));
    socket.close();
  }, 10_000);
  await greeted.promise.finally(() => clearTimeout(timer));

  const report = () => ({ ...record, unanswered: waiting.map(({ text }) => text), strange: [...record.strange] });
  return {
    color: record.color,
    ended: closed.promise,
    report,
    send(text) {
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

/** Adds one message to the report. Returns false for an unexpected one. */
function take(data: string, record: SocketReport, waiting: Waiting[]): boolean {
  const message = parse(data);
  if (typeof message.session === "string" && !record.session) {
    record.color = String(message.color);
    record.release = String(message.release);
    record.session = message.session;
    return true;
  }
  if (message.tick === record.ticks + 1) {
    record.ticks++;
    return true;
  }
  const [first] = waiting;
  if (first === undefined || message.echo !== first.text || message.n !== record.echoed + 1) return false;
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
