import type pg from "pg";
import type { DatabaseAddress } from "../../core/jobs/inputs.ts";
import { connect } from "./postgres.ts";

/** The state of the database: its connections, or why it is unreachable. */
export interface DatabaseHealth {
  connections: { used: number; max: number } | null;
  error: string | null;
}

/** Checks a database repeatedly. */
export interface DatabaseMonitor {
  check(): Promise<DatabaseHealth>;
  end(): Promise<void>;
}

const question = `select (select count(*) from pg_stat_activity where backend_type = 'client backend')::int as used,
  current_setting('max_connections')::int as max`;

/** Milliseconds after which a database that does not answer counts as unreachable. */
const patience = 3_000;

/** Checks a database over one connection, which is made again whenever it was lost. */
export function databaseMonitor(address: DatabaseAddress): DatabaseMonitor {
  let client: pg.Client | undefined;
  const drop = () => {
    const lost = client;
    client = undefined;
    lost?.end().catch(() => undefined);
  };
  const ask = async (): Promise<DatabaseHealth> => {
    client ??= await connect(address, "turnout-watch");
    const { rows } = await client.query<{ used: number; max: number }>(question);
    const [row] = rows;
    return { connections: row ? { used: row.used, max: row.max } : null, error: null };
  };
  return {
    async check() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer for ${patience / 1000} s`)), patience);
      });
      try {
        return await Promise.race([ask(), late]);
      } catch (error) {
        drop();
        return { connections: null, error: (error as Error).message || "no answer" };
      } finally {
        clearTimeout(timer);
      }
    },
    async end() {
      drop();
    },
  };
}
