import { z } from "zod";

/**
 * The messages for invalid values: where the value is, what was found, what to write instead. zod checks settings and
 * systems; these are the messages it reports.
 */

/** The two parts of an error message. */
export interface Refusal {
  what: string;
  todo: string | undefined;
}

/** The part of a zod issue that a message needs; every kind of issue fits. */
type ErrorMap = (issue: { readonly code?: string | undefined; readonly input?: unknown }) => string | undefined;

/**
 * The message of a failed check: `is <what was found>; write <what>`. It shows the value, so never use it for secrets.
 * @param what what to write instead, such as "true or false"
 */
export function write(what: string): ErrorMap {
  return (issue) => (issue.code === "unrecognized_keys" ? undefined : `is ${describe(issue.input)}; write ${what}`);
}

/** The message of a failed check on a secret. It never shows the value. */
export function writeUnseen(problem: string, what: string): ErrorMap {
  return () => `${problem}; write ${what}`;
}

/** Text that is not empty. */
export function text(what: string) {
  return z.string({ error: write(what) }).min(1, { error: write(what) });
}

/** A whole number between two inclusive bounds. */
export function whole(min: number, max: number, what = "a whole number") {
  const error = write(`${what} from ${min} to ${max}`);
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** A group of keys. Unknown keys are refused. */
export function group<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, { error: write(`a group with ${Object.keys(shape).join(", ")}`) });
}

/**
 * The message for the first issue of a failed check.
 * @param help where the known keys are described, as in "see …"
 */
export function refusalOf(error: z.ZodError, help: string): Refusal {
  const [issue] = error.issues;
  const at = issue?.path.join(".") ?? "";
  if (issue?.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => (at ? `${at}.${key}` : key));
    return { what: unknownKeys(keys), todo: `remove ${keys.length === 1 ? "it" : "them"}; see ${help}` };
  }
  if (issue?.code === "invalid_key") {
    // The path of a refused key ends with the key itself.
    const message = issue.issues[0]?.message ?? "";
    return { what: `${issue.path.slice(0, -1).join(".")} has the key ${message.replace(/^is /, "")}`, todo: undefined };
  }
  return { what: `${at} ${issue?.message ?? "is not valid"}`.trim(), todo: undefined };
}

/** The message for unknown keys, without what to do. */
export function unknownKeys(keys: readonly string[]): string {
  return `${keys.join(", ")} ${keys.length === 1 ? "is not a setting" : "are not settings"}`;
}

/** The value roughly as a person wrote it, shortened to one line. */
function describe(value: unknown): string {
  if (value === undefined) return "missing";
  // A value may be an address with a password in it, written under the wrong key.
  const json = (JSON.stringify(value) ?? typeof value).replaceAll(/\/\/[^/\s]*@/g, "//…@");
  const short = json.length > 60 ? `${json.slice(0, 60)}…` : json;
  if (typeof value === "string" || value === null) return short;
  if (Array.isArray(value)) return `the list ${short}`;
  return `the ${typeof value === "object" ? "group" : typeof value} ${short}`;
}
