/**
 * Who may import whom; `npm run check` checks the code against it. CONTRIBUTING.md explains the same table.
 * @type {Record<string, { folders: string[], packages?: string[] }>}
 */
const may = {
  core: { folders: [], packages: ["crypto", "util", "zod", "pg-connection-string"] },
  systems: { folders: ["core"], packages: [] },
  shared: { folders: [] },
  images: { folders: ["agent", "core", "jobs", "shared"] },
  agent: { folders: ["core", "shared"] },
  jobs: { folders: ["core", "shared"] },
  launcher: { folders: ["core", "images"] },
  components: { folders: ["core"], packages: ["crypto", "@pulumi/pulumi", "@pulumi/docker", "@pulumi/command"] },
  server: { folders: ["core", "images", "launcher", "shared"] },
  setup: { folders: ["core", "images", "server", "shared"] },
  cli: { folders: ["core", "launcher", "server", "setup", "shared", "systems"] },
  ops: { folders: ["launcher"], packages: [] },
  "index.ts": { folders: ["components", "core", "images", "server", "systems"] },
};

const own = Object.keys(may).filter((name) => name !== "index.ts");
const place = (name) => (name === "index.ts" ? "^index\\.ts$" : `^${name}/`);

const folderRules = Object.entries(may).map(([name, { folders }]) => ({
  name: `${name}-imports`,
  comment: `${name} may import ${folders.join(", ") || "no other folder"}`,
  severity: "error",
  from: { path: place(name) },
  to: {
    path: `^(${own.join("|")}|index\\.ts|test|bench)`,
    pathNot: [name, ...folders].map(place),
  },
}));

const packageRules = Object.entries(may)
  .filter(([, { packages }]) => packages !== undefined)
  .map(([name, { packages }]) => ({
    name: `${name}-packages`,
    comment: `${name} may import the packages ${packages.join(", ") || "(none)"} only`,
    severity: "error",
    from: { path: place(name) },
    to: {
      dependencyTypesNot: ["local"],
      pathNot: packages.flatMap((one) => [`^${one}$`, `^node_modules/${one}/`]),
    },
  }));

export default {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    { name: "unresolved-import", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...folderRules,
    ...packageRules,
    {
      name: "pulumi-in-the-program-alone",
      comment: "only the program wires resources; the commands speak to the engine by its Automation API",
      severity: "error",
      from: { path: `^(${own.join("|")})/`, pathNot: "^(components|cli|setup)/" },
      to: { path: "@pulumi/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: [".ts", ".mts", ".mjs", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node"],
    },
  },
};
