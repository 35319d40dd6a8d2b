import { connect, type Socket } from "node:net";
import { poll } from "./rig.ts";

/** An upgraded connection through the edge to a replica that echoes, as a websocket is. */
export class Tunnel {
  /** Swarm name of the replica's service. */
  service = "";
  /** When it ended, by `performance.now()`; undefined while it is open. */
  endedAt: number | undefined;
  private readonly socket: Socket;
  private received = "";

  private constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.setEncoding("latin1");
    this.socket.on("data", (chunk: string) => {
      this.received += chunk;
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.endedAt = performance.now();
    });
    this.socket.write("GET / HTTP/1.1\r\nhost: edge\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
  }

  static async open(port: number): Promise<Tunnel> {
    const tunnel = new Tunnel(port);
    await poll("the connection is upgraded", 5, async () => /^HTTP\/1\.1 101 .*\n\r?\n.+\n$/s.test(tunnel.received));
    tunnel.service = tunnel.received.trim().split("\n").at(-1) ?? "";
    return tunnel;
  }

  /** Whether a text that is sent comes back. */
  async echoes(): Promise<boolean> {
    if (this.endedAt !== undefined) return false;
    const word = `word-${this.received.length}.`;
    this.socket.write(word);
    return poll("the echo", 2, async () => this.received.endsWith(word)).catch(() => false);
  }

  close(): void {
    this.socket.destroy();
  }
}
