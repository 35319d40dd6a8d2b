import { colors } from "../color.ts";
import { edgePorts } from "../names.ts";
import { chooseByBucket, giveCookie, keepSkewed, takeCookie } from "./cookie.ts";
import { counterSlots, countersTable, edgeFiles } from "./files.ts";
import { maintenancePage } from "./maintenance.ts";
import { emptyServe } from "./map.ts";
import { type EdgeRoute, routingRules } from "./routes.ts";

/** The longest body, in bytes, of a request whose answer is timed. A client may take a while to send a longer one. */
const longestTimedBody = 16_384;

function readServeMap(): string[] {
  return [
    `  http-request set-var(txn.serve) str(serve),map_str(${edgeFiles.serveMap},${emptyServe})`,
    "  http-request set-var(txn.committed) var(txn.serve),field(1,:)",
    "  http-request set-var(txn.candidate) var(txn.serve),field(2,:)",
    "  http-request set-var(txn.weight) var(txn.serve),field(3,:)",
    "  http-request set-var(txn.preview) var(txn.serve),field(4,:)",
    "  http-request set-var(txn.skew) var(txn.serve),field(5,:)",
    "  http-request set-var(txn.maintenance) var(txn.serve),field(6,:)",
  ];
}

/** An entrance: the public one or the preview. */
export type Entrance = {
  name: "public" | "preview";
  port: number;
  routes: EdgeRoute[];
  /** Whether answers carry color and release. */
  exposed: boolean;
  /** How long a browser keeps the cookie, in seconds. */
  cookieMaxAge: number;
};

/** The configuration of an entrance. One lookup reads all of the serve map, so a request never sees half a flip. */
export function frontend({ name: entrance, port, routes, exposed, cookieMaxAge }: Entrance): string[] {
  const choose =
    entrance === "preview"
      ? ["  http-request set-var(txn.color) var(txn.preview)"]
      : ["  http-request set-var(txn.color) var(txn.committed)", ...chooseByBucket(), ...keepSkewed()];
  const missing = entrance === "preview" ? "no color to preview yet" : "no color serves yet";
  const slot = (name: (typeof counterSlots)[number]) => counterSlots.indexOf(name);
  return [
    `frontend ${entrance}`,
    `  bind :${port}`,
    // Not published: reachable only from the stack's own networks.
    ...(entrance === "public" ? [`  bind :${edgePorts.inside}`] : []),
    `  log-format '{"at":"%tr","entrance":"%f","backend":"%b","server":"%s","color":"%[var(txn.color)]","status":%ST,"state":"%tsc","wait":%Tw,"connect":%Tc,"answer":%Tr,"total":%Ta,"retries":"%rc","bytes":%B,"method":"%HM","path":"%[var(txn.path),json(utf8s)]","client":"%ci"}'`,
    // For the log: without the query, which may contain private data.
    "  http-request set-var(txn.path) path",
    ...readServeMap(),
    ...(entrance === "public" ? maintenancePage() : []),
    ...routingRules(routes),
    ...takeCookie(),
    ...choose,
    `  http-request set-var(txn.release) var(txn.color),map_str(${edgeFiles.releasesMap},-)`,
    `  http-request set-var-fmt(txn.counter) "${entrance}/%[var(txn.color)]"`,
    `  http-request track-sc0 var(txn.counter) table ${countersTable} unless { var(txn.color) -m str -- - }`,
    // The time of an answer includes the time that the client takes to send the body, so uploads are not timed.
    `  http-request set-var(txn.upload) bool(true) if { req.hdr(content-length) -m int gt ${longestTimedBody} } || { req.fhdr(transfer-encoding) -m found }`,
    // A client must not impersonate the edge or a replica.
    "  http-request del-header x-turnout- -m beg",
    ...(exposed
      ? [
          // While a color has two releases, the one that answered, if the edge trusts it.
          '  http-after-response set-var-fmt(txn.shown) "%[var(txn.color)]/%[res.fhdr(x-turnout-release)]"',
          `  http-after-response set-var(txn.release) var(txn.shown),map_str(${edgeFiles.releasesMap}) if { var(txn.shown),map_str(${edgeFiles.releasesMap}) -m found }`,
        ]
      : []),
    "  http-after-response del-header x-turnout- -m beg",
    ...(exposed
      ? [
          "  http-after-response set-header x-turnout-color %[var(txn.color)] if { var(txn.color) -m str blue green }",
          "  http-after-response set-header x-turnout-release %[var(txn.release)] if { var(txn.release) -m found } !{ var(txn.release) -m str -- - }",
        ]
      : []),
    ...(entrance === "public" ? giveCookie(cookieMaxAge) : []),
    `  http-after-response sc-inc-gpc(${slot("answers")},0)`,
    `  http-after-response sc-inc-gpc(${slot("errors5xx")},0) if { status ge 500 }`,
    `  http-after-response sc-inc-gpc(${slot("upTo100")},0) if !{ var(txn.upload) -m found } { res.timer.hdr ge 0 } { res.timer.hdr le 100 }`,
    `  http-after-response sc-inc-gpc(${slot("upTo300")},0) if !{ var(txn.upload) -m found } { res.timer.hdr gt 100 } { res.timer.hdr le 300 }`,
    `  http-after-response sc-inc-gpc(${slot("upTo1000")},0) if !{ var(txn.upload) -m found } { res.timer.hdr gt 300 } { res.timer.hdr le 1000 }`,
    `  http-after-response sc-inc-gpc(${slot("upTo2000")},0) if !{ var(txn.upload) -m found } { res.timer.hdr gt 1000 } { res.timer.hdr le 2000 }`,
    `  http-after-response sc-inc-gpc(${slot("over2000")},0) if !{ var(txn.upload) -m found } { res.timer.hdr gt 2000 }`,
    `  http-after-response sc-inc-gpc(${slot("unanswered")},0) unless { res.timer.hdr ge 0 }`,
    `  http-request return status 503 content-type text/plain hdr retry-after 5 hdr cache-control no-store string "${missing}\\n" if { var(txn.color) -m str -- - }`,
    `  http-request return status 404 content-type text/plain hdr cache-control no-store string "no service has this address\\n" unless { var(txn.service) -m found }`,
    "  use_backend be_%[var(txn.color)]_%[var(txn.service)]",
  ];
}

/**
 * The state by which this HAProxy worker routes, for callers that must be sure, and for the container's health check.
 */
export function whoami(): string[] {
  const orNull = (name: string, value: string, condition: string) => [
    `  http-request set-var(txn.${name}) str(null)`,
    `  http-request set-var-fmt(txn.${name}) '${value}' if ${condition}`,
  ];
  return [
    "frontend whoami",
    `  bind :${edgePorts.whoami}`,
    "  no log",
    "  http-request return status 200 content-type text/plain string ok if { path /turnout/health }",
    ...readServeMap(),
    ...colors.map(
      (color) => `  http-request set-var(txn.r_${color}) str(${color}),map_str(${edgeFiles.releasesMap},-)`,
    ),
    ...["committed", "candidate", "preview", "skew"].flatMap((field) =>
      orNull(`j_${field}`, `"%[var(txn.${field})]"`, `{ var(txn.${field}) -m str blue green }`),
    ),
    ...orNull("j_maintenance", "%[var(txn.maintenance)]", "{ var(txn.maintenance) -m int gt 0 }"),
    ...colors.flatMap((color) =>
      orNull(`j_${color}`, `"%[var(txn.r_${color})]"`, `!{ var(txn.r_${color}) -m str -- - }`),
    ),
    `  http-request return status 200 content-type application/json hdr cache-control no-store lf-string '{"committed":%[var(txn.j_committed)],"candidate":%[var(txn.j_candidate)],"weight":%[var(txn.weight)],"preview":%[var(txn.j_preview)],"skew":%[var(txn.j_skew)],"maintenance":%[var(txn.j_maintenance)],"releases":{"blue":%[var(txn.j_blue)],"green":%[var(txn.j_green)]},"pid":%pid}' if { path /turnout/serving }`,
    `  http-request return status 404 content-type text/plain string "not found\\n"`,
  ];
}
