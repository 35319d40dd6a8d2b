import { z } from "zod";

/**
 * How a value that is refused is spoken of: where it is, what was found there, what to write instead. Settings and
 * systems are checked by zod, but a person reads these words.
 */

/** A refusal in two halves, as errors are made of. */
export interface Refusal {
  what: string;
  todo: string | undefined;
}

/** What is looked at when a check fails; every kind of zod's issues fits. */
type ErrorMap = (issue: { readonly code?: string | undefined; readonly input?: unknown }) => string | undefined;

/**
 * The error of a check: `is <what was found>; write <what>`. It shows the value, so it is not for secrets.
 * @param what what to write instead, such as "true or false"
 */
export function write(what: string): ErrorMap {
  return (issue) => (issue.code === "unrecognized_keys" ? undefined : `is ${describe(issue.input)}; write ${what}`);
}

/** The error of a check on a secret: it says what is wrong and never shows the value. */
export function writeUnseen(problem: string, what: string): ErrorMap {
  return () => `${problem}; write ${what}`;
}

/** Text that is not empty. */
export function text(what: string) {
  return z.string({ error: write(what) }).min(1, { error: write(what) });
}

/** A whole number between two bounds, both included. */
export function whole(min: number, max: number, what = "a whole number") {
  const error = write(`${what} from ${min} to ${max}`);
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** The keys below one key; others are refused. */
export function group<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, { error: write(`a group with ${Object.keys(shape).join(", ")}`) });
}

/**
 * The sentence for the first thing a check found.
 * @param help where the known keys are described
 */
export function refusalOf(error: z.ZodError, help: string): Refusal {
  const [issue] = error.issues;
  const at = issue?.path.join(".") ?? "";
  if (issue?.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => (at ? `${at}.${key}` : key));
    return { what: unknownKeys(keys), todo: `remove ${keys.length === 1 ? "it" : "them"}, or see ${help}` };
  }
  if (issue?.code === "invalid_key") {
    // The path of a key that is refused ends with the key itself.
    const message = issue.issues[0]?.message ?? "";
    return { what: `${issue.path.slice(0, -1).join(".")} has the key ${message.replace(/^is /, "")}`, todo: undefined };
  }
  return { what: `${at} ${issue?.message ?? "is not valid"}`.trim(), todo: undefined };
}

/** That keys are not known, as the first half of a sentence. */
export function unknownKeys(keys: readonly string[]): string {
  return `${keys.join(", ")} ${keys.length === 1 ? "is not a setting" : "are not settings"}`;
}

/** The value as a person may have written it, on one line and not longer than it helps. */
function describe(value: unknown): string {
  if (value === undefined) return "missing";
  // Somebody may have put an address with its password where none belongs.
  const json = (JSON.stringify(value) ?? typeof value).replaceAll(/\/\/[^/\s]*@/g, "//…@");
  const short = json.length > 60 ? `${json.slice(0, 60)}…` : json;
  if (typeof value === "string" || value === null) return short;
  if (Array.isArray(value)) return `the list ${short}`;
  return `the ${typeof value === "object" ? "group" : typeof value} ${short}`;
}
