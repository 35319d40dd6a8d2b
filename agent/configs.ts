import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { edgeConfigHash } from "../core/edge/config.ts";
import type { ConfigAnswer, StateAnswer } from "../core/edge/schema.ts";
import { moveDurably, readIfThere, writeDurably } from "../shared/files.ts";
import { BadRequest, ConfigInvalid, HaproxyUnreachable, NotLive } from "./errors.ts";
import type { Haproxy } from "./haproxy.ts";
import { serversFingerprint } from "./parse.ts";

/** Checks a configuration file without running it. */
export type Validate = (path: string) => Promise<{ ok: boolean; words: string }>;

/** The configuration on the volume and in HAProxy. */
export interface Configs {
  /** Validates, replaces and reloads. On failure the previous file is restored and HAProxy keeps its configuration. */
  put(text: string, hash: string): Promise<ConfigAnswer>;
  /** Loads a file that is in place but was not loaded, because the agent or HAProxy was killed in between. */
  finish(): Promise<void>;
  /** Saves the addresses of the replicas, so that a reloaded or restarted HAProxy need not wait for DNS. */
  saveServers(): Promise<void>;
  view(): Promise<StateAnswer["config"]>;
}

type Options = { directory: string; haproxy: Haproxy; validate: Validate; log: (line: string) => void };

/** @see Configs */
export function configsIn({ directory, haproxy, validate, log }: Options): Configs {
  const path = join(directory, "haproxy.cfg");
  const previous = `${path}.previous`;
  const candidate = `${path}.candidate`;
  const markerPath = join(directory, "config.json");
  const serversPath = join(directory, "servers.state");
  let savedServers = "";
  let rejected: string | undefined;

  const hashOf = async (file: string) => {
    const text = await readIfThere(file);
    return text === undefined ? null : edgeConfigHash(text);
  };
  const loadedHash = async () => {
    try {
      return (JSON.parse((await readIfThere(markerPath)) ?? "{}") as { hash?: string }).hash ?? null;
    } catch {
      return null;
    }
  };
  const markLoaded = (hash: string) => writeDurably(markerPath, `${JSON.stringify({ hash })}\n`);

  const saveServers = async () => {
    const [{ pid }] = await haproxy.workers();
    const answer = await haproxy.ask(pid, "show servers state");
    const fingerprint = serversFingerprint(answer);
    if (fingerprint === savedServers) return;
    // Not synced: after a crash of the machine the addresses are useless, and the edge empties the file.
    await writeFile(`${serversPath}.tmp`, answer.trimStart());
    await rename(`${serversPath}.tmp`, serversPath);
    savedServers = fingerprint;
  };

  const restorePrevious = async () => {
    const text = await readIfThere(previous);
    if (text !== undefined) await writeDurably(path, text);
    return text;
  };

  const load = async (hash: string) => {
    await saveServers();
    const { ok, words } = await haproxy.reload();
    if (ok) return markLoaded(hash);
    await restorePrevious();
    throw new ConfigInvalid(words);
  };

  return {
    saveServers,
    async put(text, hash) {
      if (edgeConfigHash(text) !== hash) throw new BadRequest("the hash does not match the text", "send both again");
      if ((await hashOf(path)) === hash && (await loadedHash()) === hash) return { hash, reloaded: false };
      await writeDurably(candidate, text);
      const { ok, words } = await validate(candidate);
      if (!ok) {
        await rm(candidate, { force: true });
        throw new ConfigInvalid(words.replaceAll(candidate, "haproxy.cfg"));
      }
      const current = await readIfThere(path);
      if (current !== undefined && edgeConfigHash(current) !== hash) await writeDurably(previous, current);
      await moveDurably(candidate, path);
      try {
        await load(hash);
      } catch (error) {
        if (error instanceof HaproxyUnreachable) throw new NotLive(error.message);
        throw error;
      }
      return { hash, reloaded: true };
    },
    async finish() {
      const hash = await hashOf(path);
      if (hash === null || hash === rejected || hash === (await loadedHash())) return;
      try {
        await load(hash);
        log("loaded a configuration that was in place but not loaded");
      } catch (error) {
        if (!(error instanceof ConfigInvalid)) throw error;
        rejected = hash;
        log(`the configuration in place was not loaded because it is invalid: ${error.words}`);
      }
    },
    async view() {
      const loaded = await loadedHash();
      return { hash: loaded, pending: loaded !== (await hashOf(path)) };
    },
  };
}
