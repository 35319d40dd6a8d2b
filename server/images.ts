import type { PerColor } from "../core/color.ts";
import { imagesOf, isPullable, missingImage } from "../core/release/images.ts";
import { releaseOf } from "../core/release/release.ts";
import { configuredColors, type Settings } from "../core/settings/settings.ts";
import type { System } from "../core/system/schema.ts";
import { missingOwnImage } from "../images/own-images.ts";
import type { Target } from "./target.ts";

/**
 * Checks that every image is on the server, or can be pulled.
 * @returns the release that the images amount to, for each color whose images are all there
 * @throws GuardError naming the setting that asks for the missing one
 */
export async function checkImages(
  target: Target,
  settings: Settings,
  system: System,
): Promise<Partial<PerColor<string>>> {
  const found = await Promise.all(
    imagesOf(settings, system).map(async (one) => {
      const id = await target.docker.query("image", "inspect", "--format", "{{.Id}}", one.image);
      const available = id || (isPullable(one.image) && (await target.docker.query("manifest", "inspect", one.image)));
      return { ...one, id, missing: !available };
    }),
  );
  const missing = found.find((one) => one.missing);
  if (missing) throw missingImage(missing.image, missing.key, target.stack);
  const present: Partial<PerColor<string>> = {};
  for (const color of configuredColors(settings)) {
    const ids = found.filter((one) => one.color === color).flatMap((one) => one.id ?? []);
    if (ids.length === Object.keys(system.services).length)
      present[color] = releaseOf(settings.versions[color] ?? "", ids);
  }
  return present;
}

/** Checks that Turnout's own images are on the server. @throws GuardError */
export async function checkOwnImages(target: Target, images: string[]): Promise<void> {
  for (const image of images)
    if (!(await target.docker.query("image", "inspect", "--format", "{{.Id}}", image)))
      throw missingOwnImage(image, target.dockerHost);
}
