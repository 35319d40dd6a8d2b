import { z } from "zod";

/** The part of an exported state that is read here. */
const exported = z.object({
  deployment: z.object({
    resources: z.array(z.object({ outputs: z.object({ result: z.unknown() }).partial().optional() })).default([]),
  }),
});

/** The result of a shift that chained its records; one of 0.2.0 or older has no head. */
const shiftResult = z.object({ step: z.literal("shift"), at: z.string(), journalHead: z.string() });

/**
 * The head of the journal's chain that the last shift left in the stack's state; null where there is none.
 * @param state the stack's state as `pulumi stack export` prints it
 */
export function knownHead(state: unknown): string | null {
  const resources = exported.safeParse(state).data?.deployment.resources ?? [];
  const results = resources.flatMap(({ outputs }) => shiftResult.safeParse(outputs?.result).data ?? []);
  return results.toSorted((a, b) => a.at.localeCompare(b.at)).at(-1)?.journalHead ?? null;
}
