// The first step of every command, in plain JavaScript without dependencies: it runs on whatever Node is there, before
// anything is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const stampFile = (root) => join(root, "node_modules", ".turnout-stamp");
const ownNode = (root) => join(root, "node_modules", ".bin", "node");

export function wantedStamp(root) {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

export function dependenciesCurrent(root) {
  try {
    return existsSync(ownNode(root)) && readFileSync(stampFile(root), "utf8") === wantedStamp(root);
  } catch {
    return false;
  }
}

export function installDependencies(root, tools = { run: runLogged, say: console.log }) {
  const log = join(root, ".turnout", "npm.log");
  mkdirSync(join(root, ".turnout"), { recursive: true });
  const started = Date.now();
  tools.say("  npm dependencies: installing");

  // No package's own script is run: one of them would install a plugin into the user's Pulumi home, and npm may refuse
  // them anyway. The only one that is needed, that of the package `node`, is run by hand below.
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  if (tools.run("npm", ["ci", ...quiet], { cwd: root, log }) !== 0) {
    // A mirror that lacks packages of other platforms makes npm write lock files that `npm ci` refuses.
    if (tools.run("npm", ["install", "--no-save", ...quiet], { cwd: root, log }) !== 0)
      throw new Error(`The npm dependencies could not be installed. See ${log}; mend it and run the command again.`);
  }
  installNode(root, log, tools);
  writeFileSync(stampFile(root), wantedStamp(root));
  tools.say(`✓ npm dependencies … ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function installNode(root, log, tools) {
  const directory = join(root, "node_modules", "node");
  if (!existsSync(join(directory, "bin", "node")))
    tools.run("node", ["installArchSpecificPackage.js"], { cwd: directory, log });
  if (!existsSync(join(directory, "bin", "node")))
    throw new Error(`Node for this platform could not be installed from npm. See ${log}.`);
  mkdirSync(join(root, "node_modules", ".bin"), { recursive: true });
  if (!existsSync(ownNode(root))) symlinkSync(join("..", "node", "bin", "node"), ownNode(root));
}

/**
 * npm puts node_modules/.bin first on the PATH, so the `node` that runs this may be the very one that `npm ci` is about
 * to delete. What installs has to use the one from outside.
 */
function outsideEnvironment() {
  const places = (process.env.PATH ?? "").split(delimiter).filter((place) => !place.includes("node_modules"));
  return { ...process.env, PATH: places.join(delimiter) };
}

function runLogged(command, argv, { cwd, log }) {
  const output = openSync(log, "a");
  try {
    const done = spawnSync(command, argv, { cwd, stdio: ["ignore", output, output], env: outsideEnvironment() });
    return done.status ?? 1;
  } finally {
    closeSync(output);
  }
}
