import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { PerColor } from "../core/color.ts";
import { labels, names } from "../core/names.ts";

export interface NetworkArgs {
  /** `<project>-<stack>`, the beginning of every network's name, such as `turnout-prod`. */
  prefix: string;
}

/**
 * One overlay network a color and one for administration. Both colors' networks always exist: joining a network
 * restarts a task, and a second color must not restart the edge and the database.
 */
export class Network extends pulumi.ComponentResource {
  /** Ids of the colors' networks. */
  readonly color: PerColor<pulumi.Output<string>>;
  /** Id of the network that the edge, its agent, the database and the jobs share. */
  readonly admin: pulumi.Output<string>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("turnout:index:Network", name, { prefix: args.prefix }, opts);
    const named = names(args.prefix);
    const overlay = (role: string, networkName: string) =>
      new docker.Network(
        `${name}-${role}`,
        {
          name: networkName,
          driver: "overlay",
          attachable: true,
          labels: [
            { label: labels.stack, value: args.prefix },
            { label: labels.role, value: "network" },
          ],
        },
        { parent: this },
      ).id;
    this.color = {
      blue: overlay("blue", named.colorNetwork("blue")),
      green: overlay("green", named.colorNetwork("green")),
    };
    this.admin = overlay("admin", named.adminNetwork);
    this.registerOutputs({ color: this.color, admin: this.admin });
  }
}
