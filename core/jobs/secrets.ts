/**
 * A job's input has a plain part, which the state and a preview show, and a secret part, which goes by stdin alone. The
 * launcher joins them.
 */

/** An object of any depth whose leaves are JSON, or not yet known. */
type Group = Record<string, unknown>;

/** Which keys of an input are secret: below a group the named ones, or all of it. */
const secretKeys = { edge: ["token"], database: ["password"], secrets: "all" } as const satisfies Record<
  string,
  readonly string[] | "all"
>;

/** The keys of an input that hold secrets. Their values must be known when the input is split. */
export type SecretKey = keyof typeof secretKeys;

/** An input in its two parts; together they are the input. */
export interface SplitInput {
  plain: Group;
  secret: Group;
}

/** Takes the secrets out of a job's input. Every key but a `SecretKey` stays plain. */
export function splitInput(input: object): SplitInput {
  const plain: Group = {};
  const secret: Group = {};
  for (const [key, value] of Object.entries(input)) {
    const hidden: readonly string[] | "all" | undefined = isSecretKey(key) ? secretKeys[key] : undefined;
    if (hidden === undefined || (hidden !== "all" && !isGroup(value))) plain[key] = value;
    else if (hidden === "all") secret[key] = value;
    else {
      const entries = Object.entries(value as Group);
      plain[key] = Object.fromEntries(entries.filter(([name]) => !hidden.includes(name)));
      const taken = entries.filter(([name]) => hidden.includes(name));
      if (taken.length > 0) secret[key] = Object.fromEntries(taken);
    }
  }
  return { plain, secret };
}

/** Joins the two parts of an input. Where both have the same leaf, the secret part wins. */
export function joinInput(plain: Group, secret: Group): Group {
  const joined = { ...plain };
  for (const [key, value] of Object.entries(secret)) {
    const before = joined[key];
    joined[key] = isGroup(before) && isGroup(value) ? joinInput(before, value) : value;
  }
  return joined;
}

/** JSON with sorted keys: the same value is the same text, so a preview shows only real differences. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    isGroup(one) ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1))) : one,
  );
}

function isSecretKey(key: string): key is SecretKey {
  return Object.hasOwn(secretKeys, key);
}

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
