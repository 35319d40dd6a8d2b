import type { Color } from "../color.ts";
import { GuardError } from "../errors.ts";
import { configuredColors, type Settings } from "../settings/settings.ts";
import { imageOf, type System } from "../system/schema.ts";

/** The images of every configured color, with the key path of the setting that needs each. */
export function imagesOf(settings: Settings, system: System): { image: string; key: string; color: Color }[] {
  return configuredColors(settings).flatMap((color) =>
    Object.values(system.services).map((service) => {
      const version = settings.versions[color] ?? "";
      return { image: imageOf(service, version), key: `versions.${color}`, color };
    }),
  );
}

/** Whether an image name begins with a registry's host, so that a server can pull it. */
export function isPullable(image: string): boolean {
  const first = image.split("/")[0] ?? "";
  return image.includes("/") && /[.:]|^localhost$/.test(first);
}

/** The refusal of an image that was not found. */
export function missingImage(image: string, key: string, stack: string): GuardError {
  const pullable = isPullable(image);
  return new GuardError(
    `Pulumi.${stack}.yaml: ${key} needs the image ${image}, ` +
      `which is not on the server${pullable ? " and was not found in its registry from this machine" : ""}`,
    pullable
      ? "push it to its registry, or set a version that exists. If the registry requires a login, run `docker login` " +
          'on this machine and set docker:registryAuth for the server (docs/production.md, "Registry login")'
      : "build it on the server, or set a version that exists",
  );
}
