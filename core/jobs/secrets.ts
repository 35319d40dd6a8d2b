/**
 * What a job is given has a plain part, which the state and a preview show, and a secret part, which goes in by stdin
 * alone. The launcher puts both together.
 */

/** An object of any depth whose leaves are JSON, or not yet known. */
type Group = Record<string, unknown>;

/** Which keys of an input are secret: below a group the named ones, or all of it. */
const secretKeys: Readonly<Record<string, readonly string[] | "all">> = {
  edge: ["token"],
  database: ["password"],
  secrets: "all",
};

/** An input in its two parts; together they are the input. */
export interface SplitInput {
  plain: Group;
  secret: Group;
}

/** Takes the secrets out of a job's input. A key that is not known as a secret one stays plain. */
export function splitInput(input: object): SplitInput {
  const plain: Group = {};
  const secret: Group = {};
  for (const [key, value] of Object.entries(input)) {
    const hidden = Object.hasOwn(secretKeys, key) ? secretKeys[key] : undefined;
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

/** Puts the two parts of an input together. Where both name the same leaf, the secret part's counts. */
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

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
