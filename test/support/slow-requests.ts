import { createHash, randomBytes, randomUUID } from "node:crypto";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

export { type OpenSocket, openSocket, type SocketEnd, type SocketReport } from "./socket-client.ts";

/** A slow request. Neither promise ever rejects: what went wrong is in the report. */
export interface SlowRequest<Report> {
  /** True once it is in progress; false when it ended before that. */
  readonly begun: Promise<boolean>;
  readonly ended: Promise<Report>;
}

/** The report of every slow request. */
interface Answer {
  /** 0: no answer came. */
  status: number;
  /** The color that answered, by the header; empty without one. */
  color: string;
  /** Why it failed; undefined when it succeeded. */
  why: string | undefined;
  /** From the request to its end. */
  seconds: number;
}

/** The report of a long answer. */
export interface LongReport extends Answer {
  /** Requested lines. */
  asked: number;
  /** Received lines, in order and from one color. */
  lines: number;
  /** Unexpected lines. */
  strange: string[];
  /** Whether every line was received in order, and then the last line with the count. */
  complete: boolean;
}

/** The report of an upload. */
export interface SlowPost extends Answer {
  /** Identifies the upload: `/v1/admin/photos/count` shows whether one arrived more than once. */
  clientId: string;
  /** Bytes sent, and their checksum in hex. */
  bytes: number;
  sha256: string;
  /** Whether it was answered with 201 and the size and checksum of what was sent. */
  intact: boolean;
}

/**
 * Requests a long answer: one line a second, each checked. In progress once the first line is received.
 * @param url the entrance
 * @param seconds how long, 1 to 120
 */
export function longReport(
  url: string,
  seconds: number,
  headers: Record<string, string> = {},
): SlowRequest<LongReport> {
  const report: LongReport = { ...noAnswer(), asked: seconds, lines: 0, strange: [], complete: false };
  return start(report, async (begin) => {
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
    // A broken connection only ends the lines here: the answer is then incomplete.
    await eachLine(answer, take).catch(() => {});
    report.complete = report.status === 200 && answer.complete && done && report.strange.length === 0;
    const how = answer.complete ? "" : ", then the connection broke";
    if (!report.complete) throw new Error(`status ${report.status}, ${report.lines} of ${seconds} lines${how}`);
  });
}

/**
 * Uploads a photo of random bytes, ten pieces a second. Never retried. In progress once the first piece is sent.
 * @param url the entrance
 * @param bytes how large, up to 20 MiB
 * @param seconds how long the body takes; the time of the answer is added
 */
export function slowPost(
  url: string,
  bytes: number,
  seconds: number,
  headers: Record<string, string> = {},
): SlowRequest<SlowPost> {
  const clientId = randomUUID();
  const report: SlowPost = { ...noAnswer(), clientId, bytes: 0, sha256: "", intact: false };
  return start(report, async (begin) => {
    const all = { "content-type": "application/octet-stream", "content-length": bytes, "x-client-id": clientId };
    const sent = request(new URL("/v1/photos", url), {
      ...{ method: "POST", agent: false, headers: { ...headers, ...all } },
    });
    const answering = answered(sent, report);
    const over = new AbortController();
    // An answer, or the end of the connection, before the end of the body: the server reads no further.
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

/** Writes the body until it is complete or `signal` is aborted because the server no longer reads it. */
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
    // By the clock and not by a fixed pause: many pauses, each a little late, add up.
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

/** Runs a slow request. However it ends, it resolves with the report. */
function start<Report extends Answer>(report: Report, run: (begin: () => void) => Promise<void>): SlowRequest<Report> {
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

/** Waits for the head of the answer and adds it to the report. */
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
    const parsed = JSON.parse(text) as { line?: unknown; color?: unknown } | null;
    return parsed?.line === number && (color === "" || parsed.color === color);
  } catch {
    return false;
  }
}
