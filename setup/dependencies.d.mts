/** What the installation of the npm dependencies needs from the system. */
export interface Tools {
  /** Operating system and processor, such as `linux-x64`. */
  platform: string;
  /** Runs a command to its end with its output in a log. @returns its exit code */
  run(command: string, argv: string[], options: { cwd: string; log: string }): number;
  say(line: string): void;
}

/** The npm package with the Node binary, by platform; `package-lock.json` holds each with its integrity. */
export const nodePackages: Readonly<Record<string, string>>;

/** What `node_modules` has to be made from: a hash of the lock file. */
export function wantedStamp(root: string): string;

/** Whether `node_modules` exists, was made from the present lock file, and has the project's own Node. */
export function dependenciesCurrent(root: string): boolean;

/**
 * Installs the npm dependencies exactly as `package-lock.json` names them.
 * @param tools default: those of this system
 * @throws Error with one sentence when it cannot
 */
export function installDependencies(root: string, tools?: Tools): void;
