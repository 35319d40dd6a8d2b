import type { Color } from "../color.ts";
import { GuardError } from "../errors.ts";
import { configuredColors, type Settings } from "../settings/settings.ts";
import { imageOf, type System } from "../system/schema.ts";

/** The images of every configured color, with the key path that asks for each. */
export function imagesOf(settings: Settings, system: System): { image: string; key: string; color: Color }[] {
  return configuredColors(settings).flatMap((color) =>
    Object.values(system.services).map((service) => {
      const version = settings.versions[color] ?? "";
      return { image: imageOf(service, version), key: `versions.${color}`, color };
    }),
  );
}

/** True when an image name begins with a registry's host, so that a server can pull it. */
export function isPullable(image: string): boolean {
  const first = image.split("/")[0] ?? "";
  return image.includes("/") && /[.:]|^localhost$/.test(first);
}

/** The refusal for an image that is nowhere. */
export function missingImage(image: string, key: string, stack: string): GuardError {
  const pullable = isPullable(image);
  return new GuardError(
    `Pulumi.${stack}.yaml: ${key} asks for the image ${image}, ` +
      `which the server does not have${pullable ? " and this machine does not find in its registry" : ""}`,
    pullable
      ? "push it to its registry, or name a version that exists; where the registry wants a login, do `docker login` on " +
          "this machine, which looks, and set docker:registryAuth for the server, which pulls (README, For production)"
      : "build it on the server, or name a version that exists",
  );
}
