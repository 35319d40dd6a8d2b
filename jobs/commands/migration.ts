import { command, StepError } from "../../core/errors.ts";
import type { MigrationInput } from "../../core/jobs/inputs.ts";
import { names, stackOf } from "../../core/names.ts";
import type { JobContext } from "../context.ts";
import { connect, databaseReady, migrationLock } from "../database/postgres.ts";
import { refuseActive } from "../edge/refuse-active.ts";
import { ask } from "../http.ts";
import type { TaskOutcome } from "../swarm/docker.ts";
import { until } from "../until.ts";

/**
 * Migrates the schema to the new release's head, under an advisory lock so that no two migrations meet. It is done when
 * the current revision is the head and the active color is still ready.
 */
export async function migration(input: MigrationInput, context: JobContext) {
  await refuseActive(input, context);
  await databaseReady(context, input.database);
  const lock = await connect(input.database, "turnout-migration");
  try {
    // Held by this connection, not by a transaction: a migration may commit several times.
    const taken = await lock.query<{ locked: boolean }>("select pg_try_advisory_lock($1) as locked", [migrationLock]);
    if (!taken.rows[0]?.locked)
      throw new StepError(
        `Another migration of ${input.database.name} is under way`,
        `wait for it to end and run \`${command("pulumi -- up", stackOf(input.prefix))}\` again`,
      );
    return await migrate(input, context);
  } finally {
    await lock.end();
  }
}

async function migrate(input: MigrationInput, context: JobContext) {
  const [head, from] = await Promise.all([headRevision(input, context), currentRevision(input, context)]);
  if (from.ahead)
    context.say(`migration: the schema is at ${from.revision}, which is newer than ${input.version} knows`);
  else if (from.revision === head) context.say(`migration: the schema is already at ${head}`);
  else await upgrade(input, context, from.revision, head);
  const revision = from.ahead ? from.revision : head;
  await activeColorReady(input, context, revision);
  return { from: from.revision, revision };
}

async function upgrade(input: MigrationInput, context: JobContext, from: string | null, head: string): Promise<void> {
  context.say(`migration: ${from ?? "empty"} → ${head}`);
  const done = await run(input, context, input.upgrade);
  if (done.code !== 0)
    throw new StepError(
      `The migration to ${head} failed and ${input.color} was not started: ${lastLines(done.output)}`,
      `the schema was at ${from ?? "nothing"}; correct the migration and deploy it as a new version`,
    );
  const now = await currentRevision(input, context);
  if (now.revision !== head)
    throw new StepError(
      `After the migration the schema is at ${now.revision ?? "nothing"} instead of ${head}`,
      "check the migrations of this version",
    );
  const { color, version, release } = input;
  await context.journal.append({
    ...{ step: "migrated", event: "done" },
    ...{ color, version, release, from, revision: head },
  });
}

async function headRevision(input: MigrationInput, context: JobContext): Promise<string> {
  const done = await run(input, context, input.heads);
  if (done.code !== 0) throw commandFailed(input, input.heads, done);
  const [head, ...more] = revisionsIn(done.output, input);
  if (head !== undefined && more.length === 0) return head;
  throw new StepError(
    `\`${input.heads.join(" ")}\` of ${input.version} names ${head ? more.length + 1 : "no"} revisions instead of one`,
    head ? "merge the heads into one" : "check revisionPattern in the system's definition",
  );
}

/** The schema's revision; `ahead` when this version does not know it, since a newer one has migrated further. */
async function currentRevision(input: MigrationInput, context: JobContext) {
  const done = await run(input, context, input.current);
  if (done.code === 0) return { revision: revisionsIn(done.output, input)[0] ?? null, ahead: false };
  const ahead = input.aheadPattern ? new RegExp(input.aheadPattern).exec(done.output)?.[1] : undefined;
  if (ahead === undefined) throw commandFailed(input, input.current, done);
  return { revision: ahead, ahead: true };
}

function revisionsIn(output: string, input: MigrationInput): string[] {
  return [...new Set(output.match(new RegExp(input.revisionPattern, "g")) ?? [])];
}

function commandFailed(input: MigrationInput, command: string[], done: TaskOutcome): StepError {
  return new StepError(`\`${command.join(" ")}\` of ${input.version} failed: ${lastLines(done.output)}`);
}

function run(input: MigrationInput, context: JobContext, command: string[]): Promise<TaskOutcome> {
  const name = `${names(input.prefix).job(`migration-${input.color}`)}-${command.at(1) ?? "task"}`;
  const env = { ...input.task.env, PGOPTIONS: `-c lock_timeout=${input.lockTimeout}s` };
  return context.docker.runTask(context, name, input.prefix, { ...input.task, env }, command, input.timeout);
}

/** Users are on the old code while the schema is new: it has to be ready with it. */
async function activeColorReady(input: MigrationInput, context: JobContext, head: string | null): Promise<void> {
  const edge = context.edge(input.edge);
  const { committed, maintenance, releases } = await edge.state();
  if (committed === null || maintenance) return;
  for (const { path, host } of input.ready) {
    let words = "";
    const what = `After the migration to ${head} the active color ${committed} is not ready at ${path}`;
    try {
      await until(context, what, { timeout: 10 }, async () => {
        const answer = await ask(`${input.edge.publicUrl}${path}`, host ? { headers: { host } } : {}).catch(
          (error: Error) => ({ status: 0, body: error.message }),
        );
        words = `${answer.status} ${answer.body.slice(0, 300)}`;
        return answer.status === 200 || words;
      });
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      throw new StepError(
        `${what} (${words.trim()}), so ${input.color} was not started`,
        "downgrade that migration (docs/operations.md, 'A migration broke the active color') and make it expand first, contract later",
      );
    }
  }
  context.say(`migration: ${committed} is ready with the schema at ${head}`);
  // With `rolling`, or a rollback from it, replicas of both releases serve from now on.
  const old = releases[input.color];
  if (committed === input.color && old !== null && old !== input.release)
    await edge.announce(input.color, input.release, old);
}

function lastLines(output: string): string {
  const lines = output.trim().split("\n").filter(Boolean);
  return lines.slice(-2).join("; ").slice(0, 400) || "no output";
}
