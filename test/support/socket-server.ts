import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { Duplex } from "node:stream";

/** A minimal websocket server for one client and short texts, to test the client: Node has none. */
export interface SocketServer {
  readonly server: Server;
  /** The headers of the client's request. */
  headers(): IncomingHttpHeaders | undefined;
  send(message: object): void;
  /** Stops echoing. */
  mute(): void;
  goodbye(code: number, reason: string): void;
  /** Breaks the connection. */
  cut(): void;
}

const text = 1;
const close = 8;

/** @param greeting the first message */
export function socketServer(greeting: object): SocketServer {
  let headers: IncomingHttpHeaders | undefined;
  let line: Duplex | undefined;
  let muted = false;
  let count = 0;
  const send = (message: object) => line?.write(frame(text, Buffer.from(JSON.stringify(message))));

  const server = createServer().on("upgrade", (asked, socket) => {
    headers = asked.headers;
    line = socket;
    const key = createHash("sha1").update(`${asked.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    const accept = `Sec-WebSocket-Accept: ${key.digest("base64")}`;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n\r\n`);
    send(greeting);
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => {
      for (const { kind, content } of frames(data)) {
        if (kind === close) socket.end(frame(close, content));
        if (kind === text && !muted) send({ echo: content.toString(), n: ++count });
      }
    });
  });

  return {
    server,
    headers: () => headers,
    send,
    mute() {
      muted = true;
    },
    goodbye(code, reason) {
      line?.write(frame(close, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])));
    },
    cut() {
      line?.destroy();
    },
  };
}

/** A frame as a server writes it; the content is shorter than 126 bytes. */
function frame(kind: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([128 | kind, content.length]), content]);
}

/** The frames of a client, short ones: two bytes of head, four of mask, the content. */
function* frames(data: Buffer): Generator<{ kind: number; content: Buffer }> {
  let at = 0;
  while (at < data.length) {
    const kind = data.readUInt8(at) & 15;
    const length = data.readUInt8(at + 1) & 127;
    const mask = data.subarray(at + 2, at + 6);
    const masked = data.subarray(at + 6, at + 6 + length);
    yield { kind, content: masked.map((byte, index) => byte ^ (mask[index % 4] ?? 0)) as Buffer };
    at += 6 + length;
  }
}
