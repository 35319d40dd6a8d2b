/** A line of a file, without its end. */
export interface Line {
  /** From 1. */
  number: number;
  bytes: Uint8Array;
}

const newline = 0x0a;

/** The lines of a file that are not empty; the last one may lack its end. */
export function linesOf(bytes: Uint8Array): Line[] {
  const lines: Line[] = [];
  for (let number = 1, start = 0; start < bytes.length; number++) {
    const found = bytes.indexOf(newline, start);
    const end = found < 0 ? bytes.length : found;
    if (end > start) lines.push({ number, bytes: bytes.subarray(start, end) });
    start = end + 1;
  }
  return lines;
}
