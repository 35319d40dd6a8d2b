import type { DatabaseAddress } from "./inputs.ts";

/** The address as one `postgresql://` URL with every part escaped, as applications and jobs read it from a file. */
export function connectionString(address: DatabaseAddress): string {
  const url = new URL(`postgresql://${address.host}:${address.port}/${encodeURIComponent(address.name)}`);
  url.username = encodeURIComponent(address.user);
  url.password = encodeURIComponent(address.password);
  if (address.sslmode !== "disable") url.searchParams.set("sslmode", address.sslmode);
  return url.toString();
}

/** The address in a URL that `connectionString` made. */
export function parseConnectionString(text: string): DatabaseAddress {
  const url = new URL(text.trim());
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    name: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    sslmode: url.searchParams.get("sslmode") ?? "disable",
  };
}
