import { defineSystem } from "../core/system/define.ts";

/** CleanWithSnapshot: an api with migrations, a web page, and a worker with a heartbeat. */
export const cleaning = defineSystem({
  name: "cleaning",
  database: { name: "cleaning", user: "cleaning" },
  secrets: {
    adminPassword: { file: "admin_password", description: "password of the admin pages" },
  },
  services: {
    api: {
      kind: "web",
      image: "turnout-example-cleaning-api:{version}",
      port: 8000,
      route: { paths: ["/v1", "/healthz", "/readyz"] },
      health: "/healthz",
      ready: "/readyz",
      healthCommand: ["python3", "-I", "-S", "/app/healthcheck.py", "http://127.0.0.1:8000/healthz"],
      env: {
        DATABASE_URL_FILE: "/run/secrets/database_url",
        ADMIN_USER: "admin",
        ADMIN_PASSWORD_FILE: "/run/secrets/admin_password",
      },
      secrets: ["databaseUrl", "adminPassword"],
    },
    web: {
      kind: "web",
      image: "turnout-example-cleaning-web:{version}",
      port: 3000,
      health: "/healthz",
      ready: "/",
      healthCommand: ["python3", "-I", "-S", "/app/healthcheck.py", "http://127.0.0.1:3000/healthz"],
    },
    jobs: {
      kind: "worker",
      image: "turnout-example-cleaning-jobs:{version}",
      healthCommand: ["python3", "-m", "jobs.health"],
      env: { DATABASE_URL_FILE: "/run/secrets/database_url" },
      secrets: ["databaseUrl"],
    },
  },
  migrations: {
    service: "api",
    upgrade: ["alembic", "upgrade", "head"],
    current: ["alembic", "current"],
    heads: ["alembic", "heads"],
    aheadPattern: "Can't locate revision identified by '([a-f0-9]{12})'",
    downgrade: ["alembic", "downgrade", "{revision}"],
  },
  smoke: [
    { name: "api liveness", path: "/healthz", expect: { json: { status: "ok" } } },
    // While workers change color none of them may show a heartbeat, and that is not the fault of the api.
    { name: "api readiness", path: "/readyz", expect: { json: { ok: true } }, probe: false },
    { name: "api and its database", path: "/readyz?exclude=jobs", expect: { json: { ok: true } } },
    { name: "web page", path: "/", expect: { contains: "CleanWithSnapshot" } },
    {
      name: "estimate",
      method: "POST",
      path: "/v1/estimate",
      body: { beds: 2, baths: 1, cleaning_type: "standard" },
      expect: {},
    },
    {
      name: "job heartbeat",
      path: "/v1/admin/jobs/status",
      auth: { user: "admin", secret: "adminPassword" },
      expect: { json: { ok: true } },
    },
  ],
});
