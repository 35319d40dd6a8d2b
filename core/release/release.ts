import { createHash } from "node:crypto";

/** `<version>-<hash of the images>`: a rebuild of the same version is another release. */
export function releaseOf(version: string, imageIds: readonly string[]): string {
  const hash = createHash("sha256")
    .update([...imageIds].sort().join("\n"))
    .digest("hex");
  return `${version}-${hash.slice(0, 8)}`;
}

/** The version of a release. */
export function versionOf(release: string | null): string | null {
  return release?.replace(/-[0-9a-f]{8}$/, "") ?? null;
}
