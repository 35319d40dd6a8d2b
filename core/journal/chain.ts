import { createHash } from "node:crypto";
import { z } from "zod";
import { type Line, linesOf } from "./lines.ts";

/** What the first record of a journal has as its `prev`. */
export const firstPrev = "0".repeat(64);

/** What the next record has as its `prev`. @param line the bytes of a line, without its end */
export function hashOf(line: Uint8Array | string): string {
  return createHash("sha256").update(line).digest("hex");
}

/** What a check of the chain found. */
export const chainReport = z.object({
  /** Lines with a `prev`. */
  chained: z.number(),
  /** Lines without one: of 0.2.0 or older, of a soak that such a release started, or no records. */
  unchained: z.number(),
  /** The hash of the last line; 64 zeros where there is none. */
  head: z.string(),
  /** The first line that does not follow the one before it; null when all do. */
  broken: z.object({ line: z.number(), why: z.string() }).nullable(),
  /** A head that was recorded elsewhere; null when there is none. */
  known: z.string().nullable(),
  /** Whether the journal has the line that `known` is the hash of; true when nothing is known. */
  hasKnown: z.boolean(),
});

/** @see chainReport */
export type ChainReport = z.infer<typeof chainReport>;

/** The fields of a line that matter here. */
const link = z.object({ v: z.number().optional(), prev: z.string().optional() });

/**
 * Checks that each chained line has the hash of the line before it. A line without `prev` is tolerated, but what follows it
 * has its hash, so it cannot be changed or removed either. A cut end is found only by a head that is known from elsewhere.
 * @param bytes the whole file
 * @param known the head that the last shift recorded in the stack's state; null when there is none
 */
export function verifyChain(bytes: Uint8Array, known: string | null): ChainReport {
  const report: ChainReport = {
    ...{ chained: 0, unchained: 0, head: firstPrev, broken: null },
    ...{ known, hasKnown: known === null },
  };
  let before = 0;
  for (const line of linesOf(bytes)) {
    const { v, prev } = linkOf(line);
    if (prev === undefined) report.unchained++;
    else report.chained++;
    report.broken ??= breakAt(line.number, before, { v, prev }, report.head);
    report.head = hashOf(line.bytes);
    if (report.head === known) report.hasKnown = true;
    before = line.number;
  }
  return report;
}

/** Whether the journal is as it was written, as far as that can be known. */
export function isIntact({ broken, hasKnown }: ChainReport): boolean {
  return broken === null && hasKnown;
}

/** What the check found, in one or two sentences. */
export function describeChain({ chained, unchained, head, broken, known, hasKnown }: ChainReport): string {
  if (broken)
    return (
      `The journal's chain is broken at line ${broken.line}: ${broken.why}. ` +
      "A line was changed, removed or inserted there: compare the journal with a copy of it."
    );
  if (!hasKnown)
    return (
      `The journal does not contain the record that the last shift left in the stack's state (${known}). ` +
      "Its end was cut off, or it is another journal: compare it with a copy."
    );
  const older = unchained > 0 ? `, ${unchained} ${unchained === 1 ? "line is" : "lines are"} not` : "";
  const state = known === null ? "" : "; it contains the head that the last shift left in the stack's state";
  return `The journal's chain is intact: ${chained} records are chained${older}; its head is ${head}${state}.`;
}

function breakAt(number: number, before: number, { v, prev }: z.infer<typeof link>, expected: string) {
  // What has no version is of 0.2.0 or older, which had no chain.
  if (prev === undefined) return v === undefined ? null : { line: number, why: `it has version ${v} but no \`prev\`` };
  if (prev === expected) return null;
  const why =
    before === 0
      ? `it is the first line, but its \`prev\` names another one (${prev})`
      : `its \`prev\` is ${prev}, but line ${before} has the SHA-256 ${expected}`;
  return { line: number, why };
}

/** Nothing where the line is no record. */
function linkOf({ bytes }: Line): z.infer<typeof link> {
  try {
    return link.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data ?? {};
  } catch {
    return {};
  }
}
