import { join } from "node:path";
import { parseReleases, parseServe, releaseEntries, startValue } from "../core/edge/map.ts";
import { storedState } from "../core/edge/schema.ts";
import { type EdgeState, initialState } from "../core/edge/state.ts";
import { moveDurably, readIfThere, writeDurably } from "../shared/files.ts";

/** The state on the volume: `state.json` for the agent, the two maps for a starting HAProxy. */
export interface Store {
  /** The saved state; on a fresh volume, or when state.json is lost, the state in the maps. */
  load(): Promise<EdgeState>;
  save(state: EdgeState): Promise<void>;
  /** Rewrites the maps if they differ from the state. */
  repair(state: EdgeState): Promise<void>;
}

/**
 * @param directory the volume
 * @param newEpoch returns the epoch of a state without a commit
 * @param log called when state.json is unreadable
 */
export function storeIn(directory: string, newEpoch: () => string, log: (line: string) => void): Store {
  const statePath = join(directory, "state.json");
  const mapPaths = { serve: join(directory, "serve.map"), releases: join(directory, "releases.map") };

  /** The maps contain the active color, too: losing state.json must not take the edge out of service. */
  const recover = async (): Promise<EdgeState> => {
    const lines = async (path: string) =>
      new Map(
        ((await readIfThere(path)) ?? "").split("\n").flatMap((line) => {
          const [key, value] = line.trim().split(" ");
          return key && value ? [[key, value] as const] : [];
        }),
      );
    const { committed, preview, maintenance } = parseServe((await lines(mapPaths.serve)).get("serve"));
    const announcements = parseReleases(await lines(mapPaths.releases));
    return { ...initialState(newEpoch()), committed, maintenance, announced: committed ?? preview, ...announcements };
  };

  const mapTexts = (state: EdgeState): [string, string][] => [
    [mapPaths.serve, `serve ${startValue(state)}\n`],
    [
      mapPaths.releases,
      releaseEntries(state)
        .map(([color, release]) => `${color} ${release}\n`)
        .join(""),
    ],
  ];

  const repair = async (state: EdgeState) => {
    for (const [path, text] of mapTexts(state)) if ((await readIfThere(path)) !== text) await writeDurably(path, text);
  };

  return {
    async load() {
      const text = await readIfThere(statePath);
      if (text === undefined) return recover();
      try {
        return storedState.parse(JSON.parse(text));
      } catch {
        log("state.json is unreadable; it is kept as state.json.unreadable, and the state is recovered from the maps");
        await moveDurably(statePath, `${statePath}.unreadable`);
        return recover();
      }
    },
    async save(state) {
      await writeDurably(statePath, `${JSON.stringify(state)}\n`);
      await repair(state);
    },
    repair,
  };
}
