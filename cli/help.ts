import { type Command, type Group, type OptionName, optionNames, options } from "./definition.ts";

/**
 * How a command is typed, such as `npm run deploy -- VERSION [--stack S]`.
 * @param path the words that name it
 */
export function usage(path: readonly string[], command: Command): string {
  const argument = command.argument ? [command.argument.name] : [];
  const accepted = optionNames(command).map((name) => `[${typed(name)}]`);
  return `npm run ${[path[0], "--", ...path.slice(1), ...argument, ...accepted].join(" ")}`;
}

/** What `--help` prints. @param path the words that name the command or group; empty for the whole program */
export function help(path: readonly string[], entry: Command | Group): string {
  return "commands" in entry ? groupHelp(path, entry) : commandHelp(path, entry);
}

function groupHelp(path: readonly string[], { description, commands }: Group): string {
  const rows = Object.entries(commands).map(([name, one]) => [name, one.description] as const);
  const [script = "COMMAND", ...rest] = [...path, ...(path.length > 0 ? ["COMMAND"] : [])];
  return [
    `${description}.`,
    `Usage: npm run ${[script, "--", ...rest].join(" ")} [ARGUMENTS]`,
    section("Commands", rows),
    "Add --help to a command to see its arguments.",
  ].join("\n\n");
}

function commandHelp(path: readonly string[], command: Command): string {
  const { argument } = command;
  const accepted = optionNames(command).map((name) => [typed(name), options[name].description] as const);
  return [
    `${command.description}.`,
    `Usage: ${usage(path, command)}`,
    ...(argument ? [section("Argument", [[argument.name, argument.description]])] : []),
    section("Options", [...accepted, ["-h, --help", "show this help"]]),
  ].join("\n\n");
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return [`${title}:`, ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)].join("\n");
}

function typed(name: OptionName): string {
  const { value } = options[name];
  return value ? `--${name} ${value}` : `--${name}`;
}
