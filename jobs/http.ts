import { type IncomingHttpHeaders, request } from "node:http";

/** What a server answered. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  /** Sent as JSON when given. */
  body?: unknown;
  /** Milliseconds for the whole exchange. Default 5,000. */
  timeout?: number;
}

/** One request on a connection of its own, with any Host header. Rejects when there is no answer. */
export function ask(url: string, options: Ask = {}): Promise<Answer> {
  const text = options.body === undefined ? undefined : JSON.stringify(options.body);
  const headers = {
    ...options.headers,
    ...(text === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
  };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(options.timeout ?? 5_000);
    const sent = request(url, { method: options.method ?? "GET", headers, agent: false, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(text);
  });
}
