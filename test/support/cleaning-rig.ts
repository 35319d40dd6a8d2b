import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { projectImages } from "../../setup/images.ts";
import { docker, freePort } from "./agent/rig.ts";
import { type OwnName, ownName } from "./left-behind.ts";
import { poll } from "./poll.ts";

const root = resolve(import.meta.dirname, "../..");

/** The demo application and its database without the edge. Everything carries the label `turnout.stack=<name>`. */
export class CleaningRig {
  readonly adminPassword = randomBytes(8).toString("hex");
  private readonly kind: string;
  private readonly driver: "bridge" | "overlay";
  private own: OwnName | undefined;
  private secrets = "";
  private readonly images = new Map<string, string>();

  /** @param driver of its network; services of the Swarm need `overlay` */
  constructor(kind: string, driver: "bridge" | "overlay" = "bridge") {
    this.kind = kind;
    this.driver = driver;
  }

  /** Starts the database and brings it to the schema of 1.0.0. */
  async create(): Promise<void> {
    this.own = await ownName(`test-${this.kind}`);
    for (const { name, tag, reference } of await projectImages(root)) {
      this.images.set(`${name}:${tag}`, reference);
      if (name === "turnout-postgres") this.images.set(name, reference);
    }
    const password = randomBytes(8).toString("hex");
    this.secrets = await mkdtemp(join(tmpdir(), `${this.name}-`));
    await writeFile(join(this.secrets, "db_password"), password);
    await writeFile(join(this.secrets, "admin_password"), this.adminPassword);
    const url = `postgresql://cleaning:${password}@${this.name}-db:5432/cleaning`;
    await writeFile(join(this.secrets, "database_url"), url);
    // Each image reads them as a different user.
    await chmod(this.secrets, 0o755);
    const attachable = this.driver === "overlay" ? ["--attachable"] : [];
    await docker("network", "create", "--driver", this.driver, ...attachable, "--label", this.label, this.name);
    const env = ["POSTGRES_USER=cleaning", "POSTGRES_DB=cleaning", "POSTGRES_PASSWORD_FILE=/run/secrets/db_password"];
    await this.start("db", "turnout-postgres", env, ["--tmpfs", "/run/postgresql"]);
    await poll("the schema is migrated", 30, async () => (await this.migrate()).includes("4f1c9a7d2b60"));
  }

  /** Starts a replica of the api and waits until it answers. @returns its address on this machine */
  async api(id: string, version = "1.0.0"): Promise<string> {
    const port = await freePort();
    const env = ["ADMIN_PASSWORD_FILE=/run/secrets/admin_password", "TURNOUT_COLOR=blue", `TURNOUT_RELEASE=${id}`];
    await this.start(
      id,
      `turnout-example-cleaning-api:${version}`,
      [this.databaseUrl, ...env],
      [...["--publish", `127.0.0.1:${port}:8000`]],
    );
    const url = `http://127.0.0.1:${port}`;
    await poll(`${id} answers`, 15, async () => ((await fetch(`${url}/healthz`)).ok ? true : undefined));
    return url;
  }

  /**
   * Creates the service of a color's workers, scaled to 0, as the program does. @param secondsEach what a follow-up
   * takes
   */
  workerService(color: string, secondsEach: number): Promise<string> {
    const env = [this.databaseUrl, "JOB_INTERVAL_SECONDS=1", `JOB_SECONDS_PER_FOLLOWUP=${secondsEach}`];
    return docker(
      ...["service", "create", "--quiet", "--name", `${this.name}-${color}-jobs`, "--label", this.label],
      ...["--container-label", this.label, "--network", this.name, "--endpoint-mode", "dnsrr", "--replicas", "0"],
      ...["--mount", `type=bind,source=${this.secrets},target=/run/secrets,readonly`],
      ...["--read-only", "--cap-drop", "ALL", "--mount", "type=tmpfs,target=/tmp", "--stop-grace-period", "60s"],
      ...["--no-resolve-image", ...[...env, `TURNOUT_COLOR=${color}`].flatMap((variable) => ["--env", variable])],
      this.image("turnout-example-cleaning-jobs:1.0.0"),
    );
  }

  /** Starts a worker. @param secondsEach what a follow-up takes */
  worker(id: string, secondsEach: number): Promise<string> {
    const env = ["JOB_INTERVAL_SECONDS=1", `JOB_SECONDS_PER_FOLLOWUP=${secondsEach}`];
    return this.start(id, "turnout-example-cleaning-jobs:1.0.0", [this.databaseUrl, ...env]);
  }

  /** Sends a signal. */
  kill(id: string, signal: "TERM" | "KILL"): Promise<string> {
    return docker("kill", "--signal", signal, `${this.name}-${id}`);
  }

  /** Waits until it ends. @returns the exit code */
  async exited(id: string): Promise<number> {
    return Number(await docker("wait", `${this.name}-${id}`));
  }

  /** One value from the database, read as its superuser. */
  sql(query: string): Promise<string> {
    return docker("exec", `${this.name}-db`, "psql", "-U", "postgres", "-Atc", query, "cleaning");
  }

  async remove(): Promise<void> {
    await this.own?.remove();
    if (this.secrets) await rm(this.secrets, { recursive: true, force: true });
  }

  /** The prefix of all names in Docker. */
  get name(): string {
    if (!this.own) throw new Error("the rig has not been created");
    return this.own.name;
  }

  private readonly databaseUrl = "DATABASE_URL_FILE=/run/secrets/database_url";

  private get label(): string {
    return `turnout.stack=${this.name}`;
  }

  private migrate(): Promise<string> {
    const image = this.image("turnout-example-cleaning-api:1.0.0");
    const argv = ["--rm", ...this.common, "--env", this.databaseUrl, image];
    return docker("run", ...argv, "sh", "-c", "alembic upgrade head >&2 && alembic current");
  }

  private start(id: string, image: string, env: string[], more: string[] = []): Promise<string> {
    const variables = env.flatMap((variable) => ["--env", variable]);
    const name = `${this.name}-${id}`;
    return docker("run", "--detach", "--name", name, ...this.common, ...variables, ...more, this.image(image));
  }

  private get common(): string[] {
    const place = ["--label", this.label, "--network", this.name, "--volume", `${this.secrets}:/run/secrets:ro`];
    return [...place, "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp"];
  }

  private image(name: string): string {
    const reference = this.images.get(name);
    if (!reference) throw new Error(`the project has no image ${name}`);
    return reference;
  }
}
