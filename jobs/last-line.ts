import type { FileHandle } from "node:fs/promises";
import { linesOf } from "../core/journal/lines.ts";

/** Bytes that are read at once from the end of a file. A record is far shorter, so one read is enough. */
const tail = 64 * 1024;

/** The end of a file of lines. */
export interface LastLine {
  /** The last line that is not empty, without its end; null when there is none. */
  line: Uint8Array | null;
  /** Whether the file ends with the end of a line, or is empty. */
  isTerminated: boolean;
}

/** Reads the end of a file, whatever its size. */
export async function lastLine(handle: FileHandle): Promise<LastLine> {
  const { size } = await handle.stat();
  let bytes = Buffer.alloc(0);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - tail);
    const { buffer } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
    bytes = Buffer.concat([buffer, bytes]);
    end = start;
    const last = linesOf(bytes).at(-1);
    // The first line of these bytes may begin before them.
    if (last && (last.number > 1 || end === 0)) return { line: last.bytes, isTerminated: bytes.at(-1) === 0x0a };
  }
  return { line: null, isTerminated: bytes.length === 0 || bytes.at(-1) === 0x0a };
}
