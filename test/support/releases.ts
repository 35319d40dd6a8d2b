import { randomBytes } from "node:crypto";
import { execa } from "execa";

const parts = ["api", "web", "jobs"] as const;
const image = (part: string, version: string) => `turnout-example-cleaning-${part}:${version}`;

/** Versions of the system `cleaning` that a test creates for itself. */
export interface OwnReleases {
  /** 1.1.0 under another name: a new release for the stack. */
  sound(name: string): Promise<string>;
  /** 1.1.0 with another web page. */
  withPage(name: string, html: string): Promise<string>;
  remove(): Promise<void>;
}

/** Each name gets a suffix of its own, so that no two runs share an image. */
export function ownReleases(): OwnReleases {
  const made: string[] = [];
  const ending = randomBytes(3).toString("hex");

  async function sound(name: string): Promise<string> {
    const version = `${name}-${ending}`;
    for (const part of parts) {
      await execa("docker", ["tag", image(part, "1.1.0"), image(part, version)]);
      made.push(image(part, version));
    }
    return version;
  }

  return {
    sound,
    async withPage(name, html) {
      const version = await sound(name);
      const lines = [
        `FROM ${image("web", "1.1.0")}`,
        "USER root",
        `RUN echo '${html}' > web/page.html`,
        "USER 10001:10001",
      ];
      const recipe = lines.join("\n");
      await execa("docker", ["build", "--quiet", "--tag", image("web", version), "-"], { input: recipe });
      return version;
    },
    async remove() {
      if (made.length > 0) await execa("docker", ["rmi", "--force", ...made], { reject: false });
    },
  };
}
