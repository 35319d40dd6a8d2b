// Where every npm script begins: `node setup/start.mjs <task> [arguments]`. It runs on any Node from 18 on,
// installs the npm dependencies unless they are current, and runs the task in `main.ts` on the project's own Node.
// `doctor` installs nothing, so without them it ends here.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { dependenciesCurrent, installDependencies } from "./dependencies.mjs";

const self = fileURLToPath(import.meta.url);
const root = dirname(dirname(self));
const [task = "", ...argv] = process.argv.slice(2);

if (task === "install-dependencies") {
  installUnlessCurrent();
} else if (task === "doctor" && !dependenciesCurrent(root)) {
  console.log("✗ npm dependencies: not installed, or not those of package-lock.json. Run `npm run setup`.");
  process.exitCode = 1;
} else {
  if (!dependenciesCurrent(root)) installUnderLock();
  runTask();
}

function installUnlessCurrent() {
  if (dependenciesCurrent(root)) return;
  try {
    installDependencies(root);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** Two commands started at once must not write into one node_modules: a kernel lock, which dies with its holder. */
function installUnderLock() {
  const busy = 75;
  mkdirSync(join(root, ".turnout"), { recursive: true });
  const command = [join(root, ".turnout", "dependencies.lock"), process.execPath, self, "install-dependencies"];
  const flock = (...options) => spawnSync("flock", [...options, ...command], { stdio: "inherit" });
  let done = flock("--nonblock", "--conflict-exit-code", String(busy));
  if (done.status === busy) {
    console.log("  npm dependencies: waiting for another command that is installing them");
    done = flock();
  }
  if (done.error) return installUnlessCurrent(); // no flock on this system
  if (done.status !== 0) process.exit(1);
}

function runTask() {
  const bin = join(root, "node_modules", ".bin");
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const child = spawn(
    join(bin, "node"),
    ["--disable-warning=ExperimentalWarning", join(root, "setup", "main.ts"), task, ...argv],
    {
      stdio: "inherit",
      env: {
        // What Node compiled once it need not compile again, which halves the start of each of the many short programs.
        NODE_COMPILE_CACHE: join(root, ".turnout", "compiled"),
        ...process.env,
        PATH: bin + delimiter + (process.env.PATH ?? ""),
      },
      // Without a terminal the task gets a session of its own, so that a signal to the whole group reaches it once,
      // through the forwarding below: at a second one the engine aborts what it is doing instead of completing it.
      detached: !terminal,
    },
  );

  let last = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (terminal && signal === "SIGINT") return; // the terminal has already signalled the task
      if (Date.now() - last < 500) return; // npm forwards what the group received as well
      last = Date.now();
      child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(
      `The project's Node could not be started: ${error.message}. Remove node_modules and run the command again.`,
    );
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}
