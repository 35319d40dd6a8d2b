import { parse } from "pg-connection-string";
import type { DatabaseAddress } from "./inputs.ts";

/** The address as one `postgresql://` URL with every part escaped, as applications and jobs read it from a file. */
export function connectionString(address: DatabaseAddress): string {
  const url = new URL(`postgresql://${address.host}:${address.port}/${encodeURIComponent(address.name)}`);
  url.username = encodeURIComponent(address.user);
  url.password = encodeURIComponent(address.password);
  if (address.sslmode !== "disable") url.searchParams.set("sslmode", address.sslmode);
  return url.toString();
}

/**
 * The address in a URL that `connectionString` made.
 * @throws Error when the URL names no host or database
 */
export function parseConnectionString(text: string): DatabaseAddress {
  // With libpq's meaning of sslmode, as PostgreSQL's own programs and most drivers read the same URL.
  const parsed = parse(text.trim(), { useLibpqCompat: true });
  if (!parsed.host || !parsed.database) throw new Error("The database URL names no host or no database");
  return {
    host: parsed.host,
    port: Number(parsed.port || 5432),
    name: parsed.database,
    user: parsed.user ?? "",
    password: parsed.password ?? "",
    sslmode: typeof parsed.sslmode === "string" ? parsed.sslmode : "disable",
  };
}
