import { rm, writeFile } from "node:fs/promises";
import { execa } from "execa";
import pg from "pg";
import { StepError } from "../../core/errors.ts";
import type { DatabaseAddress } from "../../core/jobs/inputs.ts";
import { type Clock, until } from "../until.ts";

/** The advisory lock every migration of Turnout takes: the letters of its name as a number. */
export const migrationLock = 0x7475726e;

/** Connects, or rejects within some seconds. The caller ends the connection. */
export async function connect(address: DatabaseAddress, application: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    database: address.name,
    user: address.user,
    password: address.password,
    ssl: address.sslmode === "disable" ? false : { rejectUnauthorized: address.sslmode.startsWith("verify") },
    application_name: application,
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
  });
  // A connection lost between two queries is reported by the next one; without a listener it would end the process.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Waits until the database accepts connections. @throws StepError with the server's own words */
export async function databaseReady(context: Clock, address: DatabaseAddress): Promise<void> {
  const what = `The database ${address.name} at ${address.host} does not accept connections`;
  await until(context, what, { timeout: 60 }, async () => {
    try {
      await (await connect(address, "turnout-ready")).end();
      return true;
    } catch (error) {
      return (error as Error).message;
    }
  });
}

/**
 * Runs one of PostgreSQL's own programs against the database. The password goes by a file only this process reads.
 * @param argv program and arguments; none of them a secret
 */
export async function postgresTool(address: DatabaseAddress, argv: string[], timeout: number): Promise<string> {
  const [program = "", ...rest] = argv;
  const file = `/tmp/pgpass-${process.pid}`;
  const fields = [address.host, String(address.port), "*", address.user, address.password];
  await writeFile(file, `${fields.map((field) => field.replaceAll(/([\\:])/g, "\\$1")).join(":")}\n`, { mode: 0o600 });
  try {
    const done = await execa(program, rest, {
      reject: false,
      timeout: timeout * 1000,
      stdin: "ignore",
      env: {
        PGPASSFILE: file,
        PGHOST: address.host,
        PGPORT: String(address.port),
        PGUSER: address.user,
        PGDATABASE: address.name,
        PGSSLMODE: address.sslmode,
        PGCONNECT_TIMEOUT: "5",
      },
    });
    if (done.exitCode === 0) return done.stdout;
    const why = done.timedOut ? `it timed out after ${timeout} s` : done.stderr.trim().split("\n").slice(-3).join("; ");
    throw new StepError(`${program} failed: ${why || "no reason given"}`);
  } finally {
    await rm(file, { force: true });
  }
}
