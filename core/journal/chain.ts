import { createHash } from "node:crypto";

/** What the first record of a journal has as its `prev`. */
export const firstPrev = "0".repeat(64);

/** What the next record has as its `prev`. @param line the bytes of a line, without its end */
export function hashOf(line: Uint8Array | string): string {
  return createHash("sha256").update(line).digest("hex");
}
