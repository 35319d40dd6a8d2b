import { SettingsError } from "../errors.ts";
import { refusalOf } from "../settings/refusals.ts";
import { refuseUnreachable } from "./routes.ts";
import { databaseUrlSecret, type System, type SystemDefinition, systemSchema } from "./schema.ts";

/** Names that a system's secrets must not have. */
const reservedSecrets: readonly string[] = [databaseUrlSecret.key, "databasePassword", "edgeToken"];

/**
 * Checks a system's definition and fills in its defaults.
 * @throws SettingsError naming the key path
 */
export function defineSystem(definition: SystemDefinition): System {
  const parsed = systemSchema.safeParse(definition);
  const where = `systems/${definition.name}.ts`;
  if (!parsed.success) {
    const { what, todo } = refusalOf(parsed.error, "core/system/schema.ts for all keys");
    throw new SettingsError(`${where}: ${what}`, todo);
  }
  const system = parsed.data;
  if (system.database.user === "postgres")
    throw new SettingsError(`${where}: database.user is "postgres", PostgreSQL's superuser`, "choose another name");
  const files = new Set<string>([databaseUrlSecret.file]);
  for (const [key, { file }] of Object.entries(system.secrets)) {
    if (reservedSecrets.includes(key))
      throw new SettingsError(
        `${where}: secrets.${key} is reserved for a secret of Turnout itself`,
        "choose another name",
      );
    if (files.has(file))
      throw new SettingsError(
        `${where}: secrets.${key}.file is "${file}", which another secret uses`,
        "choose another file name",
      );
    files.add(file);
  }
  for (const [key, entry] of Object.entries(system.services)) {
    const at = `${where}: services.${key}`;
    if (entry.kind === "web" && (entry.port === undefined || entry.health === undefined))
      throw new SettingsError(`${at} is a web service without port or health path`, "add `port` and `health`");
    if (entry.kind === "worker" && (entry.port !== undefined || entry.route !== undefined))
      throw new SettingsError(`${at} is a worker and cannot have a port or a route`, "make it `web` or remove them");
    const unknown = entry.secrets.find((one) => one !== databaseUrlSecret.key && !Object.hasOwn(system.secrets, one));
    if (unknown)
      throw new SettingsError(
        `${at}.secrets names "${unknown}", which is not defined in the system's secrets`,
        "define it under `secrets`, or remove it",
      );
  }
  refuseUnreachable(system, where);
  if (!Object.hasOwn(system.services, system.migrations.service))
    throw new SettingsError(
      `${where}: migrations.service is "${system.migrations.service}", which is not a service`,
      `write one of ${Object.keys(system.services).join(", ")}`,
    );
  for (const check of system.smoke)
    if (check.auth && !Object.hasOwn(system.secrets, check.auth.secret))
      throw new SettingsError(
        `${where}: smoke test "${check.name}" uses the undefined secret "${check.auth.secret}"`,
        "define it under `secrets`",
      );
  return system;
}
