import { createHash, randomBytes, randomUUID } from "node:crypto";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

export { openSocket, type SocketEnd, type SocketReport, type SocketVisit } from "./visitor-socket.ts";

/** A visit that takes its time. Neither promise ever rejects: what went wrong is in the report. */
export interface Visit<Report> {
  /** True once it is under way; false when it ended before that. */
  readonly begun: Promise<boolean>;
  readonly ended: Promise<Report>;
}

/** What every slow visit tells. */
interface Answer {
  /** 0: no answer came. */
  status: number;
  /** Who answered, by the header; empty without one. */
  color: string;
  /** Why it did not end well; undefined when it did. */
  why: string | undefined;
  /** From the request to its end. */
  seconds: number;
}

/** What became of a long answer. */
export interface LongReport extends Answer {
  /** Lines asked for. */
  asked: number;
  /** Lines that came, in order and from one color. */
  lines: number;
  /** What came and should not have. */
  strange: string[];
  /** Every line came, in order, and then the last that says so. */
  complete: boolean;
}

/** What became of an upload. */
export interface SlowPost extends Answer {
  /** Names the upload: `/v1/admin/photos/count` shows whether one arrived more than once. */
  clientId: string;
  /** Bytes handed over, and their checksum in hex. */
  bytes: number;
  sha256: string;
  /** Answered with 201, and with the size and the checksum of what was sent. */
  intact: boolean;
}

/**
 * Asks the system for an answer that takes long: one line a second, each accounted for. Under way once its first line is here.
 * @param url the entrance
 * @param seconds how long, 1 to 120
 */
export function longReport(url: string, seconds: number, headers: Record<string, string> = {}): Visit<LongReport> {
  const report: LongReport = { ...noAnswer(), asked: seconds, lines: 0, strange: [], complete: false };
  return visit(report, async (begin) => {
    const sent = request(new URL(`/v1/report?seconds=${seconds}`, url), { agent: false, headers });
    sent.end();
    const answer = await answered(sent, report);
    let done = false;
    const take = (line: string) => {
      if (line === lastLine(seconds) && report.lines === seconds && !done) done = true;
      else if (!done && isLine(line, report.lines + 1, report.color)) report.lines++;
      else report.strange.push(line);
      begin();
    };
    // A connection that breaks only ends the lines here: the answer is then not complete.
    await eachLine(answer, take).catch(() => {});
    report.complete = report.status === 200 && answer.complete && done && report.strange.length === 0;
    const how = answer.complete ? "" : ", then the connection broke";
    if (!report.complete) throw new Error(`status ${report.status}, ${report.lines} of ${seconds} lines${how}`);
  });
}

/**
 * Uploads a photo of random bytes, ten pieces a second. Never tried again. Under way once its first piece has left.
 * @param url the entrance
 * @param bytes how large, up to 20 MiB
 * @param seconds how long the body takes; the answer comes on top
 */
export function slowPost(
  url: string,
  bytes: number,
  seconds: number,
  headers: Record<string, string> = {},
): Visit<SlowPost> {
  const clientId = randomUUID();
  const report: SlowPost = { ...noAnswer(), clientId, bytes: 0, sha256: "", intact: false };
  return visit(report, async (begin) => {
    const all = { "content-type": "application/octet-stream", "content-length": bytes, "x-client-id": clientId };
    const sent = request(new URL("/v1/photos", url), {
      ...{ method: "POST", agent: false, headers: { ...headers, ...all } },
    });
    const answering = answered(sent, report);
    const over = new AbortController();
    // An answer, or the end of the connection, before the body is over: nobody reads on.
    const stop = () => over.abort();
    answering.then(stop, stop);
    await trickle(sent, bytes, seconds, report, begin, over.signal);
    const answer = await answering;
    let text = "";
    for await (const piece of answer.setEncoding("utf8")) text += String(piece);
    sent.destroy();
    report.intact = report.status === 201 && text === JSON.stringify({ sha256: report.sha256, bytes: report.bytes });
    if (!report.intact) throw new Error(`status ${report.status}: ${text}`);
  });
}

/** Writes the body until it is whole or `signal` says that nobody reads it. */
async function trickle(
  sent: ClientRequest,
  bytes: number,
  seconds: number,
  report: SlowPost,
  begin: () => void,
  signal: AbortSignal,
): Promise<void> {
  const pauses = Math.max(1, Math.round(seconds * 10));
  const digest = createHash("sha256");
  const began = performance.now();
  for (let piece = 0; piece <= pauses; piece++) {
    // By the clock and not by a pause each: many pauses, each a little late, add up.
    const early = began + (seconds * 1000 * piece) / pauses - performance.now();
    if (early > 0) await delay(early, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    const content = randomBytes(Math.round((bytes * (piece + 1)) / (pauses + 1)) - report.bytes);
    digest.update(content);
    report.bytes += content.length;
    sent.write(content, (error) => {
      if (!error) begin();
    });
  }
  report.sha256 = digest.digest("hex");
  if (report.bytes === bytes) sent.end();
}

/** Runs a visit; however it ends, the report is what comes of it. */
function visit<Report extends Answer>(report: Report, run: (begin: () => void) => Promise<void>): Visit<Report> {
  const { promise: begun, resolve } = Promise.withResolvers<boolean>();
  const began = performance.now();
  const ended = run(() => resolve(true))
    .catch((error: NodeJS.ErrnoException) => {
      report.why = error.code ?? error.message;
    })
    .then(() => {
      resolve(false);
      report.seconds = (performance.now() - began) / 1000;
      return report;
    });
  return { begun, ended };
}

function noAnswer(): Answer {
  return { status: 0, color: "", why: undefined, seconds: 0 };
}

/** The answer's head, noted in the report. */
async function answered(sent: ClientRequest, report: Answer): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.on("response", resolve).on("error", reject);
  });
  report.status = answer.statusCode ?? 0;
  report.color = String(answer.headers["x-turnout-color"] ?? "");
  return answer;
}

async function eachLine(answer: IncomingMessage, take: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: answer })) take(line);
}

function lastLine(lines: number): string {
  return JSON.stringify({ done: true, lines });
}

/** Is this the line with that number, from the color that began the answer? */
function isLine(text: string, number: number, color: string): boolean {
  try {
    const said = JSON.parse(text) as { line?: unknown; color?: unknown } | null;
    return said?.line === number && (color === "" || said.color === color);
  } catch {
    return false;
  }
}
