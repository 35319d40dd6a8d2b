/** What the set-up of the npm dependencies runs commands with. */
export interface Tools {
  /** Runs a command to its end with its output in a log. @returns its exit code */
  run(command: string, argv: string[], options: { cwd: string; log: string }): number;
  say(line: string): void;
}

/** What the installed dependencies should have been made from: a hash of the lock file. */
export function wantedStamp(root: string): string;

/** Whether `node_modules` is there, was made from the present lock file, and has the project's own Node. */
export function dependenciesCurrent(root: string): boolean;

/** Installs the npm dependencies. @throws Error with one sentence when it cannot */
export function installDependencies(root: string, tools?: Tools): void;
