/**
 * Where the launcher was up to 0.2.0. The state of a stack names this path until its first update with a later version,
 * and a `destroy` before that update runs what the state names.
 */
import "../launcher/launch.ts";
