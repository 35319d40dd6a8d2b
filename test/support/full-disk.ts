import { randomBytes } from "node:crypto";
import { execa } from "execa";

/** A volume of 64 KiB that can be filled up and emptied. */
export interface SmallDisk {
  readonly volume: string;
  /** Takes every free byte, also the last page of the journal. */
  fill(): Promise<void>;
  makeRoom(): Promise<void>;
  remove(): Promise<void>;
}

// First the free pages, then the rest of the journal's own last page: empty lines are not records.
const fill = `
cat /dev/zero >/journal/filler 2>/dev/null
size=$(stat -c %s /journal/journal.jsonl 2>/dev/null || echo 0)
[ $((size % 4096)) -eq 0 ] || head -c $((4096 - size % 4096)) /dev/zero | tr '\\0' '\\n' >>/journal/journal.jsonl
! echo >>/journal/journal.jsonl`;

/** Creates such a volume, held by a container: a disk in memory lasts as long as it is mounted. */
export async function smallDisk(image: string, stack: string): Promise<SmallDisk> {
  const volume = `${stack}-small-${randomBytes(3).toString("hex")}`;
  const label = ["--label", `turnout.stack=${stack}`];
  const inMemory = ["type=tmpfs", "device=tmpfs", "o=size=64k"].flatMap((option) => ["--opt", option]);
  await execa("docker", ["volume", "create", ...label, ...inMemory, volume]);
  const mount = ["--mount", `type=volume,source=${volume},target=/journal`];
  const hold = ["run", "--detach", "--rm", "--init", ...label, "--network", "none", ...mount];
  await execa("docker", [...hold, "--name", volume, "--entrypoint", "sleep", image, "infinity"]);
  const shell = async (script: string) => {
    await execa("docker", ["exec", volume, "sh", "-c", script]);
  };
  return {
    volume,
    fill: () => shell(fill),
    makeRoom: () => shell("rm /journal/filler"),
    async remove() {
      await execa("docker", ["rm", "--force", volume], { reject: false });
      await execa("docker", ["volume", "rm", volume], { reject: false });
    },
  };
}
