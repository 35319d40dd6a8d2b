import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { otherColor } from "../../core/color.ts";
import { command, StepError } from "../../core/errors.ts";
import { jobPaths } from "../../core/jobs/argv.ts";
import type { BackupInput } from "../../core/jobs/inputs.ts";
import { stackOf } from "../../core/names.ts";
import { moveDurably, writeDurably } from "../../shared/files.ts";
import type { JobContext } from "../context.ts";
import { databaseReady, postgresTool } from "../database/postgres.ts";
import { refuseActive } from "../edge/refuse-active.ts";
import { quiesce } from "../shift/quiesce.ts";
import { endSoak } from "../soak/soak.ts";

/** The file that names the last good backup, in the folder of the backups. */
export const lastSuccessFile = "LAST_SUCCESS.txt";

/**
 * A dump with its checksum; by strategy `recreate`, of a quiesced system. It counts, and `LAST_SUCCESS.txt` names it, only
 * when PostgreSQL can read its table of contents; until then it has another name.
 */
export async function backup(input: BackupInput, context: JobContext) {
  const { database, timeout } = input;
  await refuseActive(input, context);
  // This step begins a deploy to the color that a soak of the other one could revert to.
  await endSoak(context, `${input.version} is deployed to ${input.color}`, otherColor(input.color));
  if (input.strategy === "recreate") await quiesce({ ...input, grace: input.workerGrace + 30 }, context);
  await databaseReady(context, database);
  const at = context.now().toISOString();
  const file = `${at.replaceAll(/[-:]|\.\d+/g, "")}-${input.release}.dump`;
  const final = `${jobPaths.backups}/${file}`;
  const partial = `${final}.partial`;
  await mkdir(jobPaths.backups, { recursive: true });
  await removePartials();
  try {
    context.say(`backup: dumping ${database.name}`);
    await postgresTool(database, ["pg_dump", "--format=custom", "--no-password", `--file=${partial}`], timeout);
    const listing = await postgresTool(database, ["pg_restore", "--list", partial], timeout);
    const tables = listing.split("\n").filter((line) => / TABLE DATA /.test(line)).length;
    const { size: bytes } = await stat(partial);
    const sha256 = await checksum(partial);
    await flush(partial);
    await writeDurably(`${final}.sha256`, `${sha256}  ${file}\n`, `${final}.sha256.partial`);
    await moveDurably(partial, final);
    await writeDurably(
      `${jobPaths.backups}/${lastSuccessFile}`,
      `${at} ${file} sha256=${sha256} bytes=${bytes} tables=${tables}\n`,
      `${jobPaths.backups}/${lastSuccessFile}.partial`,
    );
    context.say(`backup: ${file}, ${bytes} bytes, ${tables} tables`);
    return { file, bytes, sha256, tables };
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof StepError)
      throw new StepError(
        `The backup before ${input.release} failed, so ${consequence(input)}: ${error.message.replace(/\.$/, "")}`,
        `fix the cause and retry with \`${command("pulumi -- up", stackOf(input.prefix))}\`, ` +
          `or cancel the deploy: ${command("rollback", stackOf(input.prefix))}`,
      );
    throw error;
  }
}

function consequence({ strategy, color }: BackupInput): string {
  if (strategy !== "recreate") return "nothing was changed";
  return `${otherColor(color)} stays stopped and users see the maintenance page`;
}

/** The files of a backup that was killed. */
async function removePartials(): Promise<void> {
  for (const name of await readdir(jobPaths.backups))
    if (name.endsWith(".partial")) await rm(`${jobPaths.backups}/${name}`, { force: true });
}

async function checksum(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
