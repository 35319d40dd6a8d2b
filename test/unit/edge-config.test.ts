import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type EdgeConfigInput, edgeConfigHash, renderEdgeConfig } from "../../core/edge/config.ts";
import { SettingsError } from "../../core/errors.ts";

const input: EdgeConfigInput = {
  stack: "shop",
  serviceName: (color, service) => `shop-${color}-${service}`,
  exposeColorHeader: false,
  routes: [
    { service: "web", port: 3000, health: { path: "/" }, identity: false },
    { service: "api", port: 8000, paths: ["/v1", "/v1/admin/"], health: { path: "/healthz" }, identity: true },
    {
      service: "chat",
      port: 9000,
      hosts: ["Chat.example.org"],
      health: { path: "/up" },
      identity: true,
      maxReplicas: 3,
    },
  ],
};
const section = (text: string, head: string) => {
  const found = text.split("\n\n").find((one) => one.startsWith(`${head}\n`));
  assert.ok(found, `no section ${head}`);
  return found
    .split("\n")
    .slice(1)
    .map((line) => line.trim());
};

describe("edge configuration", () => {
  it("is in the image as it is rendered without routes", () => {
    const written = readFileSync(new URL("../../images/edge/first.cfg", import.meta.url), "utf8");
    const first = { stack: "(first start)", routes: [], serviceName: () => "", exposeColorHeader: false };
    assert.equal(renderEdgeConfig(first), written);
  });

  it("routes by host first, then by the longest prefix of whole segments", () => {
    const rules = section(renderEdgeConfig(input), "frontend public").filter((line) =>
      line.includes("txn.service) str("),
    );
    assert.deepEqual(rules, [
      "http-request set-var(txn.service) str(chat) if !{ var(txn.service) -m found } { req.hdr(host),host_only,lower -m str chat.example.org }",
      "http-request set-var(txn.service) str(api) if !{ var(txn.service) -m found } { path,concat(/) -m beg /v1/admin/ }",
      "http-request set-var(txn.service) str(api) if !{ var(txn.service) -m found } { path,concat(/) -m beg /v1/ }",
      "http-request set-var(txn.service) str(web) if !{ var(txn.service) -m found }",
    ]);
  });

  it("gives each service of each color a backend that verifies which replica answers", () => {
    assert.deepEqual(section(renderEdgeConfig(input), "backend be_green_api"), [
      "option httpchk",
      "http-check send meth GET uri /healthz ver HTTP/1.1 hdr host shop-green-api hdr user-agent turnout-edge",
      "http-check expect status 200",
      "http-check expect hdr name x-turnout-service value shop-green-api",
      "http-check set-var(check.expected) str(green),map_str(/edge/releases.map,-)",
      'http-check set-var-fmt(check.shown) "green/%[res.fhdr(x-turnout-release)]"',
      "http-check set-var(check.expected) var(check.shown),map_str(/edge/releases.map)",
      'http-check expect hdr name x-turnout-release value-lf "%[var(check.expected)]"',
      "default-server inter 500ms fastinter 200ms downinter 500ms fall 2 rise 1",
      "server-template s 1-8 tasks.shop-green-api:8000 check resolvers docker init-addr last,none",
    ]);
    const web = section(renderEdgeConfig(input), "backend be_blue_web");
    assert.ok(!web.some((line) => line.includes("x-turnout")));
    assert.ok(section(renderEdgeConfig(input), "backend be_blue_chat").some((line) => line.includes(" s 1-3 ")));
  });

  it("exposes color and release on the preview always, on the public entrance by a setting", () => {
    const exposes = (text: string, head: string) =>
      section(text, head).some((line) => line.includes("set-header x-turnout-color"));
    const exposed = renderEdgeConfig({ ...input, exposeColorHeader: true });
    assert.equal(exposes(renderEdgeConfig(input), "frontend preview"), true);
    assert.equal(exposes(renderEdgeConfig(input), "frontend public"), false);
    assert.equal(exposes(exposed, "frontend public"), true);
    for (const head of ["frontend public", "frontend preview"]) {
      const lines = section(exposed, head);
      assert.ok(lines.includes("http-request del-header x-turnout- -m beg"));
      assert.ok(lines.includes("http-after-response del-header x-turnout- -m beg"));
    }
  });

  it("sets a cookie on the public entrance only, and passes none to a service", () => {
    const has = (head: string, word: string) =>
      section(renderEdgeConfig(input), head).some((line) => line.includes(word));
    assert.deepEqual(
      ["public", "preview"].map((name) => has(`frontend ${name}`, "add-header set-cookie")),
      [true, false],
    );
    for (const name of ["public", "preview"]) assert.ok(has(`frontend ${name}`, "replace-header cookie"), name);
  });

  it("takes its values from the input", () => {
    const text = renderEdgeConfig({
      ...input,
      maxconn: 1234,
      threads: 2,
      slots: 5,
      timeouts: { drain: 1_000, tunnel: 7 },
      cookieMaxAge: 60,
    });
    assert.match(text, /; Max-Age=60"/);
    for (const line of ["maxconn 1234", "nbthread 2", "hard-stop-after 1000ms"])
      assert.ok(section(text, "global").includes(line), line);
    assert.ok(section(text, "defaults").includes("timeout tunnel 7ms"));
    assert.ok(section(text, "backend be_blue_web").some((line) => line.includes(" s 1-5 ")));
    assert.notEqual(edgeConfigHash(text), edgeConfigHash(renderEdgeConfig(input)));
  });

  it("refuses invalid input", () => {
    const web = { service: "web", port: 1, health: { path: "/" }, identity: false };
    const cases: [Partial<EdgeConfigInput>, RegExp][] = [
      [{ maxconn: 9_501 }, /maxconn is 9501/],
      [{ cookieMaxAge: 0 }, /cookieMaxAge is 0/],
      [{ routes: [web, { ...web, service: "other" }] }, /"web" and "other" both claim any host\//],
      [{ routes: [{ ...web, paths: ["/a b"] }] }, /paths "\/a b"/],
      [{ routes: [{ ...web, hosts: ["a } { always_true"] }] }, /hosts/],
      [{ routes: [{ ...web, health: { path: "/x\n  bind :1" } }] }, /health\.path/],
      [{ routes: [{ ...web, service: "Web" }] }, /service "Web"/],
    ];
    for (const [change, message] of cases)
      assert.throws(
        () => renderEdgeConfig({ ...input, ...change }),
        (error) => error instanceof SettingsError && message.test(error.message),
      );
  });
});
