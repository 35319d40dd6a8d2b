import type { EdgeAddress } from "../jobs/inputs.ts";
import { edgePorts, names, tasksOf } from "../names.ts";
import type { Settings } from "../settings/settings.ts";

/** The edge's addresses and token for jobs on the admin network. */
export function edgeAddress(prefix: string, settings: Pick<Settings, "secrets">): EdgeAddress {
  const { agent, edge } = names(prefix);
  return {
    agentUrl: `http://${tasksOf(agent)}:${edgePorts.agent}`,
    token: settings.secrets.edgeToken ?? "",
    publicUrl: `http://${tasksOf(edge)}:${edgePorts.public}`,
    previewUrl: `http://${tasksOf(edge)}:${edgePorts.preview}`,
    insideUrl: `http://${tasksOf(edge)}:${edgePorts.inside}`,
  };
}
