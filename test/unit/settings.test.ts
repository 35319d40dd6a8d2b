import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parse as parseYaml } from "yaml";
import { SettingsError } from "../../core/errors.ts";
import { configuredColors, parseSettings, replicasOf } from "../../core/settings/settings.ts";
import type { Thresholds } from "../../core/verdict/thresholds.ts";
import { cleaning } from "../../systems/cleaning.ts";

const secrets = { databasePassword: "a-secret", edgeToken: "b-secret-that-is-long-enough", adminPassword: "c-secret" };
const smallest = {
  system: "cleaning",
  activeColor: "blue",
  versions: JSON.stringify({ blue: "1.0.0" }),
  secrets: JSON.stringify(secrets),
};

const parse = (raw: Record<string, string>) => parseSettings(raw, { cleaning }, "dev");

/** The sentence with which settings are refused. */
function refusal(change: Record<string, unknown>): string {
  const raw: Record<string, string> = { ...smallest };
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) delete raw[key];
    else raw[key] = typeof value === "string" ? value : JSON.stringify(value);
  }
  try {
    parse(raw);
  } catch (error) {
    assert.ok(error instanceof SettingsError, `${String(error)}`);
    return error.message;
  }
  return assert.fail(`not refused: ${JSON.stringify(change)}`);
}

test("defaults", () => {
  assert.deepEqual(parse(smallest), {
    system: "cleaning",
    activeColor: "blue",
    activeVersion: "1.0.0",
    stack: "dev",
    versions: { blue: "1.0.0" },
    strategy: "blue-green",
    production: true,
    replicas: {},
    ports: { public: 80, preview: 8081 },
    exposeColor: false,
    domain: "localhost",
    database: { maxConnections: 100, lockTimeout: 5 },
    placement: {},
    timeouts: { start: 120, smoke: 60, workers: 600, check: 2 },
    rollout: {
      steps: [
        { weight: 5, seconds: 300 },
        { weight: 25, seconds: 600 },
        { weight: 100, seconds: 0 },
      ],
      ...{ bake: 60, soak: 1800, hold: 300, inconclusive: "rollback", skew: 300, drain: 900 },
    },
    thresholds: {
      ...{ errorRate: 1, errorRateWarning: 0.5, latency: 2000, latencyWarning: 1000, quantile: 99 },
      ...{ minimumSamples: 50, connections: 90, connectionsWarning: 75, window: 60 },
    },
    secrets,
  });
});

test("Pulumi.yaml describes every setting and nothing else, with the same defaults", () => {
  const file = resolve(import.meta.dirname, "../../Pulumi.yaml");
  const { config } = parseYaml(readFileSync(file, "utf8")) as {
    config: Record<string, { default?: unknown; description: string }>;
  };
  const described = Object.entries(config).map(([key, entry]) => [key.replace(/^turnout:/, ""), entry] as const);
  const known = /The settings are (.+)\.$/.exec(refusal({ frobnicate: "1" }))?.[1]?.split(", ");
  assert.deepEqual(described.map(([key]) => key).toSorted(), known?.toSorted());
  const defaults = described.flatMap(([key, entry]) => {
    assert.ok(entry.description.endsWith("."), key);
    if (entry.default === undefined || key in smallest) return [];
    return [[key, typeof entry.default === "string" ? entry.default : JSON.stringify(entry.default)]];
  });
  assert.deepEqual(parse({ ...smallest, ...Object.fromEntries(defaults) }), parse(smallest));
});

test("half a group keeps the defaults of its other half", () => {
  const settings = parse({
    ...smallest,
    ports: JSON.stringify({ public: 8080 }),
    database: JSON.stringify({ external: { host: "db" } }),
    timeouts: JSON.stringify({ smoke: 5 }),
  });
  assert.deepEqual(settings.ports, { public: 8080, preview: 8081 });
  assert.deepEqual(settings.database, {
    external: { host: "db", port: 5432, sslmode: "require" },
    ...{ maxConnections: 100, lockTimeout: 5 },
  });
  assert.deepEqual(settings.timeouts, { start: 120, smoke: 5, workers: 600, check: 2 });
});

test("a warning is never above its threshold", () => {
  const warningsOf = (thresholds: Partial<Thresholds>) => {
    const found = parse({ ...smallest, thresholds: JSON.stringify(thresholds) }).thresholds;
    return [found.errorRateWarning, found.latencyWarning, found.connectionsWarning];
  };
  const table: [Partial<Thresholds>, number[]][] = [
    [{ window: 10, minimumSamples: 20, quantile: 90 }, [0.5, 1000, 75]],
    [{ errorRate: 0.3, latency: 300, connections: 60 }, [0.3, 300, 60]],
    [{ errorRate: 5, latency: 1000, connections: 100 }, [0.5, 1000, 75]],
    [{ errorRate: 5, errorRateWarning: 5 }, [5, 1000, 75]],
    [{ latency: 300, latencyWarning: 100 }, [0.5, 100, 75]],
    [{ connections: 60, connectionsWarning: 50 }, [0.5, 1000, 50]],
  ];
  for (const [given, warnings] of table) assert.deepEqual(warningsOf(given), warnings, JSON.stringify(given));
});

test("only the step with all traffic may have no time", () => {
  const stepsOf = (steps: object[]) => parse({ ...smallest, rollout: JSON.stringify({ steps }) }).rollout.steps;
  for (const steps of [
    [{ weight: 100, seconds: 0 }],
    [
      { weight: 99, seconds: 1 },
      { weight: 100, seconds: 0 },
    ],
  ])
    assert.deepEqual(stepsOf(steps), steps);
});

test("an external database is named by a host, and encrypted in a way that can be had", () => {
  const external = (given: object) => parse({ ...smallest, database: JSON.stringify({ external: given }) }).database;
  for (const host of ["db", "db.example.org", "10.0.0.5", "my_db-1"])
    for (const sslmode of ["disable", "allow", "prefer", "require"])
      assert.deepEqual(external({ host, sslmode }).external, { host, port: 5432, sslmode });
});

test("a refusal is one line: the key path, what was found, and what to write", () => {
  const pulumi = (rest: string) => `with: npm run pulumi -- config ${rest} --stack dev.`;
  const tag = "an image tag, at most 128 letters, digits, dots, dashes and underscores.";
  const host = "the server's name or IPv4 address alone, such as db.example.org; its port is database.external.port.";
  const see = "see Pulumi.yaml for all settings.";
  const table: [change: Record<string, unknown>, expected: string | RegExp][] = [
    [{ activeColour: "blue" }, "activeColour is not a setting. Rename it to activeColor."],
    [{ ActiveColor: "blue" }, "ActiveColor is not a setting. Rename it to activeColor."],
    [{ version: "{}" }, "version is not a setting. Rename it to versions."],
    [
      { frobnicate: "1" },
      /^frobnicate is not a setting\. The settings are system, activeColor, versions, .*secrets\.$/,
    ],
    [{ toString: "1" }, /^toString is not a setting\. The settings are /],
    [{ system: undefined }, "system is not set. Write one of cleaning."],
    [{ system: "tallow" }, 'system is "tallow", which systems/ does not define. Write one of cleaning.'],
    [{ system: "constructor" }, 'system is "constructor", which systems/ does not define. Write one of cleaning.'],
    [{ activeColor: undefined }, "activeColor is not set. Write blue or green."],
    [{ activeColor: "red" }, 'activeColor is "red"; write blue or green.'],
    [{ activeColor: "Blue" }, 'activeColor is "Blue"; write blue or green.'],
    [{ activeColor: "true" }, "activeColor is the boolean true; write blue or green."],
    [
      { versions: undefined },
      "versions is not set. Set a version for the active color: " +
        "npm run pulumi -- config set --path versions.blue VERSION --stack dev.",
    ],
    [{ versions: { blue: 1.4 } }, 'versions.blue is the number 1.4; write a version in quotes, such as "1.4.1".'],
    [{ versions: { blue: true } }, 'versions.blue is the boolean true; write a version in quotes, such as "1.4.1".'],
    [{ versions: { blue: "a b" } }, `versions.blue is "a b"; write ${tag}`],
    [{ versions: { blue: "" } }, `versions.blue is ""; write ${tag}`],
    [{ versions: { blue: "a\nb" } }, `versions.blue is "a\\nb"; write ${tag}`],
    [{ versions: { blue: "x".repeat(129) } }, `versions.blue is "${"x".repeat(59)}…; write ${tag}`],
    [{ versions: { blue: null } }, 'versions.blue is null; write a version in quotes, such as "1.4.1".'],
    [{ versions: { blue: "1", red: "1" } }, `versions.red is not a setting. Remove it; ${see}`],
    [
      { versions: { blue: "1", red: "1", mauve: "1" } },
      `versions.red, versions.mauve are not settings. Remove them; ${see}`,
    ],
    [{ versions: "1.0.0" }, 'versions is "1.0.0"; write a group with blue, green.'],
    [{ versions: "null" }, "versions is null; write a group with blue, green."],
    [{ versions: ["1.0.0"] }, 'versions is the list ["1.0.0"]; write a group with blue, green.'],
    [
      { versions: {} },
      "activeColor is blue, but versions.blue is not set. " +
        "Set its version: npm run pulumi -- config set --path versions.blue VERSION --stack dev.",
    ],
    [
      { activeColor: "green" },
      "activeColor is green, but versions.green is not set. Set its version: npm run pulumi -- config set --path " +
        "versions.green VERSION --stack dev, or make blue active: npm run pulumi -- config set activeColor blue --stack dev.",
    ],
    [{ strategy: "slow" }, 'strategy is "slow"; write blue-green, canary, rolling or recreate.'],
    [{ rollout: { bake: -1 } }, "rollout.bake is the number -1; write seconds as a whole number from 0 to 3600."],
    [
      {
        rollout: {
          steps: [
            { weight: 50, seconds: 5 },
            { weight: 5, seconds: 5 },
          ],
        },
      },
      /^rollout\.steps is the list .*; write steps such as \[\{"weight": 5, "seconds": 300\}\], each with a higher weight/,
    ],
    [
      { thresholds: { latency: 500 } },
      "thresholds.latency is the number 500; write one of 100, 300, 1000, 2000, in milliseconds.",
    ],
    [
      { thresholds: { errorRate: 101 } },
      "thresholds.errorRate is the number 101; write a share in percent, from 0 to 100.",
    ],
    ...[0, 49, 101].map((quantile): [Record<string, unknown>, string] => [
      { thresholds: { quantile } },
      `thresholds.quantile is the number ${quantile}; write a share in percent, from 50 to 100.`,
    ]),
    [
      { thresholds: { errorRateWarning: 2 } },
      "thresholds.errorRateWarning is the number 2; write at most 1, which is thresholds.errorRate.",
    ],
    [
      { thresholds: { latency: 300, latencyWarning: 1000 } },
      "thresholds.latencyWarning is the number 1000; write at most 300, which is thresholds.latency.",
    ],
    [
      { thresholds: { connections: 60, connectionsWarning: 60.5 } },
      "thresholds.connectionsWarning is the number 60.5; write at most 60, which is thresholds.connections.",
    ],
    [
      {
        rollout: {
          steps: [
            { weight: 5, seconds: 5 },
            { weight: 99, seconds: 0 },
          ],
        },
      },
      "rollout.steps.1.seconds is the number 0; write seconds as a whole number from 1 to 86400 for a share below 100 %.",
    ],
    [{ production: "yes" }, 'production is "yes"; write true or false.'],
    [{ exposeColor: "1" }, 'exposeColor is "1"; write true or false.'],
    [{ replicas: "3" }, 'replicas is the number 3; write a group such as {"api": 2}.'],
    [{ replicas: "null" }, 'replicas is null; write a group such as {"api": 2}.'],
    [{ replicas: { api: 0 } }, "replicas.api is the number 0; write a whole number from 1 to 50."],
    [{ replicas: { api: 51 } }, "replicas.api is the number 51; write a whole number from 1 to 50."],
    [{ replicas: { api: 1.5 } }, "replicas.api is the number 1.5; write a whole number from 1 to 50."],
    [{ replicas: { api: "two" } }, 'replicas.api is "two"; write a whole number from 1 to 50.'],
    [{ replicas: { cron: 1 } }, "replicas.cron is not a service of cleaning. Write one of api, web, jobs."],
    [{ replicas: { toString: 1 } }, "replicas.toString is not a service of cleaning. Write one of api, web, jobs."],
    [{ ports: "8080" }, "ports is the number 8080; write a group with public, preview."],
    [{ ports: "null" }, "ports is null; write a group with public, preview."],
    [{ ports: { public: "80" } }, 'ports.public is "80"; write a port number from 1 to 65535.'],
    [{ ports: { public: 0 } }, "ports.public is the number 0; write a port number from 1 to 65535."],
    [{ ports: { preview: 65536 } }, "ports.preview is the number 65536; write a port number from 1 to 65535."],
    [{ ports: { preview: null } }, "ports.preview is null; write a port number from 1 to 65535."],
    [{ ports: { pubic: 80 } }, `ports.pubic is not a setting. Remove it; ${see}`],
    [{ ports: { public: 8081 } }, "ports.public and ports.preview are both 8081. Change one."],
    [{ domain: "true" }, "domain is the boolean true; write a domain as text, such as example.org."],
    [{ domain: "" }, 'domain is ""; write a domain alone, such as example.org.'],
    [{ domain: "https://a.org" }, 'domain is "https://a.org"; write a domain alone, such as example.org.'],
    [{ database: { external: {} } }, `database.external.host is missing; write ${host}`],
    ...["", "db:6432", "::1", "https://db", "db/x", "-h", "a b"].map((wrong): [Record<string, unknown>, string] => [
      { database: { external: { host: wrong } } },
      `database.external.host is "${wrong}"; write ${host}`,
    ]),
    [
      { database: { external: { host: "h", sslmode: "requrie" } } },
      'database.external.sslmode is "requrie"; write one of disable, allow, prefer, require.',
    ],
    [
      { database: { external: { host: "h", sslmode: true } } },
      "database.external.sslmode is the boolean true; write one of disable, allow, prefer, require.",
    ],
    ...["verify-ca", "verify-full"].map((sslmode): [Record<string, unknown>, string] => [
      { database: { external: { host: "h", sslmode } } },
      `database.external.sslmode is "${sslmode}", which needs a CA certificate and cannot be configured ` +
        "yet; write require.",
    ]),
    [
      { database: { external: { host: "h", user: "u" } } },
      `database.external.user is not a setting. Remove it; ${see}`,
    ],
    [
      { database: { maxConnections: 9 } },
      "database.maxConnections is the number 9; write a whole number from 10 to 5000.",
    ],
    [
      { database: { lockTimeout: "5s" } },
      'database.lockTimeout is "5s"; write seconds as a whole number from 1 to 600.',
    ],
    [{ placement: { edge: "node-1" } }, 'placement.edge is "node-1"; write a list such as ["node.role == manager"].'],
    [
      { placement: { data: [1] } },
      'placement.data.0 is the number 1; write a constraint such as "node.role == manager".',
    ],
    [{ timeouts: { start: 4 } }, "timeouts.start is the number 4; write seconds as a whole number from 5 to 3600."],
    [{ timeouts: { smoke: 0 } }, "timeouts.smoke is the number 0; write seconds as a whole number from 1 to 3600."],
    [{ timeouts: { check: 0 } }, "timeouts.check is the number 0; write seconds as a whole number from 1 to 59."],
    [{ timeouts: { stop: 4 } }, `timeouts.stop is not a setting. Remove it; ${see}`],
    [{ a: "1", b: "1" }, /^a, b are not settings\. The settings are system, activeColor, versions, .*secrets\.$/],
    [{ secrets: "x" }, "secrets is not a group; write one secret below each name."],
    [{ secrets: "null" }, "secrets is not a group; write one secret below each name."],
    [{ secrets: { ...secrets, edgeToken: 12 } }, "secrets.edgeToken is not text; write its value in quotes."],
    [{ secrets: { ...secrets, edgeToken: null } }, "secrets.edgeToken is not text; write its value in quotes."],
    [{ secrets: { ...secrets, toString: "x" } }, /^secrets\.toString is not used\. /],
    [{ secrets: { ...secrets, edgeToken: "" } }, "secrets.edgeToken is empty; write its value."],
    [
      { secrets: { ...secrets, edgeToken: "too-short" } },
      "secrets.edgeToken is shorter than 16 characters. Set a random one: openssl rand -hex 32 | " +
        "npm run pulumi -- config set --secret --path secrets.edgeToken --stack dev.",
    ],
    [
      { secrets: { ...secrets, apiKey: "x" } },
      `secrets.apiKey is not used. Remove it ${pulumi("rm --path secrets.apiKey")}`,
    ],
    ...(
      [
        ["databasePassword", "the database's password"],
        ["edgeToken", "the token that jobs send to the edge's agent"],
        ["adminPassword", "password of the admin pages"],
      ] as const
    ).map(([key, what]): [Record<string, unknown>, string] => [
      { secrets: { ...secrets, [key]: undefined } },
      `secrets.${key} (${what}) is missing. Set it ${pulumi(`set --secret --path secrets.${key}`)}`,
    ]),
  ];
  for (const [change, expected] of table) {
    const message = refusal(change);
    const file = "Pulumi.dev.yaml: ";
    assert.ok(message.startsWith(file), message);
    const rest = message.slice(file.length);
    if (typeof expected === "string") assert.equal(rest, expected);
    else assert.match(rest, expected);
    assert.match(message, /^[^\n]*[^.?!]\.$/, "one line that ends with one full stop");
    assert.doesNotMatch(message, /invalid|record|received|undefined|\[object/i, "no word of the library");
  }
});

test("no refusal shows the value of a secret", () => {
  const values = ["s3cret-value", 918273645, { s3cret: "s3cret-value" }, ["s3cret-value"]];
  for (const value of values) {
    const change = { ...secrets, databasePassword: value, other: "s3cret-value" };
    assert.doesNotMatch(refusal({ secrets: change }), /s3cret|918273645/);
  }
});

test("an address in the wrong place is shown without its password", () => {
  const external = "postgresql://cleaning:s3cret@db.example.org/cleaning";
  assert.match(
    refusal({ database: { external } }),
    /database\.external is "postgresql:\/\/…@db\.example\.org\/cleaning"; write a group with host, port, sslmode\.$/,
  );
  assert.doesNotMatch(refusal({ database: external }), /s3cret/);
});

const version = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const constraints = fc.array(fc.string({ minLength: 1 }));
const optional = {
  strategy: fc.constant("blue-green"),
  production: fc.boolean(),
  replicas: fc.dictionary(fc.constantFrom("api", "web", "jobs"), fc.integer({ min: 1, max: 50 })),
  ports: fc.record(
    { public: fc.integer({ min: 1, max: 8000 }), preview: fc.integer({ min: 8082, max: 65535 }) },
    { requiredKeys: [] },
  ),
  exposeColor: fc.boolean(),
  domain: fc.domain(),
  database: fc.record(
    {
      external: fc.record({ host: fc.domain(), port: fc.integer({ min: 1, max: 65535 }) }, { requiredKeys: ["host"] }),
      maxConnections: fc.integer({ min: 10, max: 5000 }),
      lockTimeout: fc.integer({ min: 1, max: 600 }),
    },
    { requiredKeys: [] },
  ),
  placement: fc.record({ edge: constraints, data: constraints }, { requiredKeys: [] }),
  timeouts: fc.record(
    { start: fc.integer({ min: 5, max: 3600 }), smoke: fc.integer({ min: 1, max: 600 }) },
    { requiredKeys: [] },
  ),
};
const validSettings = fc
  .record(
    {
      system: fc.constant("cleaning"),
      activeColor: fc.constantFrom("blue", "green"),
      versions: fc.record({ blue: version, green: version }),
      secrets: fc.constant(secrets),
      ...optional,
    },
    { requiredKeys: ["system", "activeColor", "versions", "secrets"] },
  )
  .map((settings) =>
    Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
  );

test("any part of the settings is enough, and what is given is kept", () => {
  fc.assert(
    fc.property(validSettings, (raw) => {
      const settings = parse(raw) as unknown as Record<string, unknown>;
      for (const [key, text] of Object.entries(raw)) {
        const given = ["system", "activeColor", "strategy", "domain"].includes(key) ? text : JSON.parse(text);
        assert.partialDeepStrictEqual(settings[key], given);
      }
    }),
  );
});

test("any further key is refused by its name", () => {
  const known = ["system", "activeColor", "versions", "secrets", ...Object.keys(optional)];
  const unknown = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("constructor", "valueOf", "Versions"));
  fc.assert(
    fc.property(
      validSettings,
      unknown.filter((key) => !known.includes(key) && key !== "__proto__"),
      (raw, key) => {
        assert.throws(
          () => parse({ ...raw, [key]: "1" }),
          (error) => error instanceof SettingsError && error.message.includes(`: ${key} is not a setting`),
        );
      },
    ),
  );
});

test("whatever the settings hold, they are taken or refused with a sentence", () => {
  const value = fc.oneof(fc.json(), fc.string(), fc.constantFrom("true", "0", "[]", "{}", "null"));
  const keys = ["system", "activeColor", "versions", "secrets", ...Object.keys(optional)];
  fc.assert(
    fc.property(fc.constantFrom(...keys), value, (key, text) => {
      try {
        parse({ ...smallest, [key]: text });
      } catch (error) {
        assert.ok(error instanceof SettingsError, `${key}=${text}: ${String(error)}`);
        assert.ok(error.message.startsWith("Pulumi.dev.yaml: "), error.message);
      }
    }),
  );
});

test("configured colors come blue first; a service without a setting has one replica", () => {
  assert.deepEqual(configuredColors({ versions: { green: "2", blue: "1" } }), ["blue", "green"]);
  assert.deepEqual(configuredColors({ versions: { green: "2" } }), ["green"]);
  assert.equal(replicasOf({ replicas: { api: 3 } }, "api"), 3);
  assert.equal(replicasOf({ replicas: { api: 3 } }, "web"), 1);
});
