import { parseArgs } from "node:util";
import { SettingsError, command as typed } from "../core/errors.ts";
import { type Argument, type Command, type Given, type Group, optionNames, options } from "./definition.ts";
import { usage } from "./help.ts";

/** A command or a group, the words that name it, and what was typed after them. */
export interface Found {
  path: readonly string[];
  entry: Command | Group;
  rest: readonly string[];
}

/** Whether help is asked for. */
export function asksForHelp(argv: readonly string[]): boolean {
  return argv.includes("--help") || argv.includes("-h");
}

/**
 * Finds what the words that were typed name. With `--help` among them it may be a group.
 * @throws SettingsError naming the commands there are
 */
export function find(argv: readonly string[], entry: Command | Group, path: readonly string[] = []): Found {
  if (!("commands" in entry)) return { path, entry, rest: argv };
  const [word, ...rest] = argv;
  const known = Object.keys(entry.commands);
  const next = word !== undefined && known.includes(word) ? entry.commands[word] : undefined;
  if (next && word !== undefined) return find(rest, next, [...path, word]);
  if (asksForHelp(argv)) return { path, entry, rest: argv };
  throw new SettingsError(
    word === undefined ? "No command is given" : `Unknown command "${word}"`,
    `use one of ${known.join(", ")}`,
  );
}

/**
 * Parses what was typed after the name of a command. An argument it does not know is an error: a mistyped `--stack`
 * must not change another stack.
 * @param path the words that name the command
 * @throws SettingsError naming the argument, with the usage
 */
export function parse(argv: readonly string[], path: readonly string[], command: Command): Given {
  const accepted = Object.fromEntries(optionNames(command).map((name) => [name, { type: options[name].type }]));
  const config = { args: [...argv], options: accepted, allowPositionals: true };
  const correct = `usage: ${usage(path, command)}`;
  const { values, positionals } = parseStrictly(config, correct);
  const text = (name: string) => (typeof values[name] === "string" ? values[name] : undefined);
  const stack = text("stack") ?? "dev";
  if (stack === "") throw new SettingsError("--stack needs a value", correct);
  const extra = positionals[command.argument ? 1 : 0];
  if (extra !== undefined) throw unknown(extra, correct);
  const [argument = ""] = positionals;
  if (command.argument && argument === "") throw withoutArgument(path, command.argument, stack);
  return {
    stack,
    json: values.json === true,
    verify: values.verify === true,
    strategy: text("strategy"),
    steps: text("steps"),
    argument,
  };
}

interface Config {
  args: string[];
  options: Record<string, { type: "string" | "boolean" }>;
  allowPositionals: boolean;
}

function parseStrictly(config: Config, correct: string) {
  try {
    return parseArgs({ ...config, strict: true });
  } catch (error) {
    throw refusal(config, correct) ?? error;
  }
}

/** The sentence for what `parseArgs` refused; its own error names the argument only in prose. */
function refusal(config: Config, correct: string): SettingsError | undefined {
  const { tokens } = parseArgs({ ...config, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const type = config.options[token.name]?.type;
    if (!type) return unknown(config.args[token.index] ?? token.rawName, correct);
    if (type === "boolean" && token.value !== undefined)
      return new SettingsError(`${token.rawName} takes no value`, correct);
    if (type === "string" && !token.inlineValue && (token.value ?? "-").startsWith("-"))
      return new SettingsError(`${token.rawName} needs a value`, correct);
  }
  return undefined;
}

function unknown(argument: string, correct: string): SettingsError {
  return new SettingsError(`Unknown argument "${argument}"`, correct);
}

function withoutArgument(path: readonly string[], { name, example }: Argument, stack: string): SettingsError {
  const [script, ...rest] = path;
  const words = [script, "--", ...rest, example].join(" ");
  return new SettingsError(`${path.join(" ")} needs a ${name.toLowerCase()}`, `run: ${typed(words, stack)}`);
}
