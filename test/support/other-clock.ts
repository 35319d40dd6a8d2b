import { execa } from "execa";
import { imageReference } from "../../images/own-images.ts";
import type { TestStack } from "./stack.ts";

/** The file in the container that sets the clock. It is read every time. */
const clockFile = "/tmp/clock";

/** The ops image with a wall clock that can be set while it runs. The monotonic clock is not affected. */
export async function imageWithOtherClock(): Promise<string> {
  const ops = await imageReference(`${import.meta.dirname}/../..`, "ops");
  const tag = `turnout-test-clock:${ops.split(":")[1]}`;
  const dockerfile = `FROM ${ops}
RUN apt-get update \\
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libfaketime \\
  && rm -rf /var/lib/apt/lists/* \\
  && ln -s /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/lib/libfaketime.so
ENV LD_PRELOAD=/usr/lib/libfaketime.so FAKETIME_DONT_FAKE_MONOTONIC=1 \\
    FAKETIME_TIMESTAMP_FILE=${clockFile} FAKETIME_NO_CACHE=1
`;
  await execa("docker", ["build", "--quiet", "--tag", tag, "-"], { input: dockerfile, env: { DOCKER_BUILDKIT: "0" } });
  return tag;
}

/** Sets the clock of a container of that image. @param offset from the right time, such as `+1h` */
export async function setClock(stack: TestStack, container: string, offset: string): Promise<void> {
  await stack.docker("exec", "--env", "LD_PRELOAD=", container, "sh", "-c", `echo ${offset} >${clockFile}`);
}
