import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { satisfies } from "semver";
import { cacheHome, cliVersion } from "./engine-parts.ts";
import { ask, work } from "./run.ts";
import { SetupError } from "./step.ts";

const releases = "https://get.pulumi.com/releases/sdk";

/** How long the download may take to begin, in milliseconds: the cost where the site is unreachable. */
const startTimeout = 5_000;

/** How long the whole archive may take, in milliseconds. */
const downloadTimeout = 600_000;

/**
 * The folder of a Pulumi installation on this machine, if it can be used: major version 3, not older than the
 * one that would be downloaded, with its language host for Node beside it.
 * @param path the value of PATH to search
 */
export async function installedEngine(path = process.env.PATH ?? ""): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const program = join(folder, "pulumi");
    if (folder === "" || !existsSync(program)) continue;
    const own = dirname(realpathSync(program));
    const fits = existsSync(join(own, "pulumi-language-nodejs")) && newEnough((await ask(program, "version")) ?? "");
    return fits && !own.startsWith(cacheHome()) ? own : undefined;
  }
  return undefined;
}

/** Whether a version as the CLI prints it, like `v3.256.0`, can be used. */
export function newEnough(version: string): boolean {
  return satisfies(version, `^${cliVersion}`, { includePrerelease: true });
}

/** Where a downloaded engine is kept. */
export function officialFolder(): string {
  return join(cacheHome(), `official-${cliVersion}`);
}

/**
 * Downloads the official release and checks it against its published checksums.
 * @returns false if the site is unreachable or the download is interrupted
 * @throws SetupError if the archive does not have the published checksum
 */
export async function downloadEngine(say: (line: string) => void, request: typeof fetch = fetch): Promise<boolean> {
  const archive = archiveName();
  if (!archive) return false;
  const checksums = await fetched(request, `${releases}/pulumi-${cliVersion}-checksums.txt`, startTimeout);
  const wanted = checksums && checksumOf(new TextDecoder().decode(checksums), archive);
  if (!wanted) return false;
  say(`downloading Pulumi ${cliVersion}`);
  const content = await fetched(request, `${releases}/${archive}`, downloadTimeout);
  if (!content) return false;
  if (createHash("sha256").update(content).digest("hex") !== wanted)
    throw new SetupError(`The download ${archive} does not have its published checksum`, "run the command again");
  await unpack(content, archive, say);
  return true;
}

/** The checksum of a file in a list of lines `checksum  name`. */
export function checksumOf(list: string, file: string): string | undefined {
  for (const line of list.split("\n")) {
    const [sum, name] = line.trim().split(/\s+/);
    if (name === file) return sum;
  }
  return undefined;
}

/** The content of a URL; undefined if it is unreachable or the transfer is interrupted: the caller has an alternative. */
async function fetched(request: typeof fetch, url: string, ms: number): Promise<Uint8Array | undefined> {
  try {
    const response = await request(url, { signal: AbortSignal.timeout(ms) });
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  } catch {
    return undefined;
  }
}

function archiveName(): string | undefined {
  const arch = { x64: "x64", arm64: "arm64" }[process.arch as string];
  const platform = { linux: "linux", darwin: "darwin" }[process.platform as string];
  return arch && platform ? `pulumi-v${cliVersion}-${platform}-${arch}.tar.gz` : undefined;
}

async function unpack(content: Uint8Array, archive: string, say: (line: string) => void): Promise<void> {
  await mkdir(cacheHome(), { recursive: true });
  const temporary = await mkdtemp(join(cacheHome(), ".download-"));
  try {
    await writeFile(join(temporary, archive), content);
    const argv = ["tar", "-xzf", join(temporary, archive), "-C", temporary] as const;
    await work({ what: "unpacking it", argv: [...argv], log: `${officialFolder()}.log` }, say);
    await rename(join(temporary, "pulumi"), officialFolder());
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
