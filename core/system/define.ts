import { SettingsError } from "../errors.ts";
import { refusalOf } from "../settings/refusals.ts";
import { refuseUnreachable } from "./routes.ts";
import { databaseUrlSecret, type System, type SystemDefinition, systemSchema } from "./schema.ts";

/** Names the system's own secrets cannot have. */
const reservedSecrets: readonly string[] = [databaseUrlSecret.key, "databasePassword", "edgeToken"];

/**
 * Checks a system's definition and fills in its defaults.
 * @throws SettingsError naming the key path
 */
export function defineSystem(definition: SystemDefinition): System {
  const parsed = systemSchema.safeParse(definition);
  const where = `systems/${definition.name}.ts`;
  if (!parsed.success) {
    const { what, todo } = refusalOf(parsed.error, "core/system.ts for what there is");
    throw new SettingsError(`${where}: ${what}`, todo);
  }
  const system = parsed.data;
  if (system.database.user === "postgres")
    throw new SettingsError(
      `${where}: database.user is "postgres", PostgreSQL's superuser`,
      "choose a name of the system's own",
    );
  const files = new Set<string>([databaseUrlSecret.file]);
  for (const [key, { file }] of Object.entries(system.secrets)) {
    if (reservedSecrets.includes(key))
      throw new SettingsError(
        `${where}: secrets.${key} is the name of a secret of Turnout itself`,
        "choose another name",
      );
    if (files.has(file))
      throw new SettingsError(
        `${where}: secrets.${key}.file is "${file}", which another secret has`,
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
        `${at}.secrets names "${unknown}", which the system's secrets do not define`,
        "define it under `secrets`, or remove it",
      );
  }
  refuseUnreachable(system, where);
  if (!Object.hasOwn(system.services, system.migrations.service))
    throw new SettingsError(
      `${where}: migrations.service names "${system.migrations.service}", which is no service`,
      `write one of ${Object.keys(system.services).join(", ")}`,
    );
  for (const check of system.smoke)
    if (check.auth && !Object.hasOwn(system.secrets, check.auth.secret))
      throw new SettingsError(
        `${where}: smoke check "${check.name}" uses the undefined secret "${check.auth.secret}"`,
        "define it under `secrets`",
      );
  return system;
}
