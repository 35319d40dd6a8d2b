import assert from "node:assert/strict";
import { test } from "node:test";
import { type JobPlacement, jobArgv } from "../../core/jobs/argv.ts";

const shift: JobPlacement = {
  image: "turnout-ops:1",
  name: "turnout-dev-shift",
  verb: "shift",
  prefix: "turnout-dev",
  network: "turnout-dev-admin",
  volumes: { "/journal": "turnout-dev-journal", "/backups": "turnout-dev-backups" },
  docker: true,
  dockerHost: "ssh://deploy@prod",
  key: "0123456789ab",
};

test("the command line of a job, whole", () => {
  assert.deepEqual(jobArgv(shift, "a1b2c3"), [
    ...["run", "--interactive", "--rm", "--sig-proxy=false", "--init", "--pull", "never"],
    ...["--name", "turnout-dev-shift-a1b2c3"],
    ...["--label", "turnout.stack=turnout-dev"],
    ...["--label", "turnout.role=job"],
    ...["--label", "turnout.job=turnout-dev-shift"],
    ...["--label", "turnout.key=0123456789ab"],
    ...["--network", "turnout-dev-admin"],
    ...["--read-only", "--tmpfs", "/tmp"],
    ...["--cap-drop", "ALL"],
    ...["--security-opt", "no-new-privileges"],
    ...["--mount", "type=volume,source=turnout-dev-journal,target=/journal"],
    ...["--mount", "type=volume,source=turnout-dev-backups,target=/backups"],
    ...["--mount", "type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock"],
    ...["--env", "TURNOUT_OPERATOR"],
    ...["--env", "PULUMI_COMMAND_STDOUT"],
    "turnout-ops:1",
    "shift",
  ]);
});

test("a job that needs nothing is given nothing", () => {
  const argv = jobArgv({ ...shift, docker: false, volumes: {} }, "x");
  assert.ok(!argv.includes("--mount"));
  assert.ok(!argv.some((one) => one.includes("docker.sock")));
});
