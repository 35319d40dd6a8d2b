"""Is this release able to serve, with this database, now?"""

import asyncpg

from api.store import UNREACHABLE, Store
from common.release import Release

HEARTBEAT_SQL = """
    SELECT worker, color, release, at, extract(epoch FROM now() - at)::float8 AS age
    FROM job_heartbeats ORDER BY at DESC LIMIT 1
"""


def check(name: str, ok: bool, detail: str) -> dict:
    return {"name": name, "ok": ok, "detail": detail}


async def check_migrations(connection, store: Store, release: Release) -> dict:
    """The revision is this release's, or a younger one's that left the columns we need in place."""
    try:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        revision = None
    if revision is None:
        return check("migrations", False, f"missing: the database has no revision, this release needs {release.head}")
    if revision in release.revisions and revision != release.head:
        return check("migrations", False, f"behind: the database is at {revision}, this release needs {release.head}")
    try:
        for probe_sql in store.probe_sqls:
            await connection.fetch(probe_sql)
    except (asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError) as error:
        return check("migrations", False, f"incompatible: the database is at {revision}: {error}")
    if revision == release.head:
        return check("migrations", True, f"current: {revision}")
    return check("migrations", True, f"ahead: the database is at {revision}, this release knows up to {release.head}")


async def jobs_status(connection, ttl: float) -> dict:
    """The newest heartbeat of any worker; `ok` when it is younger than `ttl` seconds."""
    try:
        row = await connection.fetchrow(HEARTBEAT_SQL)
    except asyncpg.UndefinedTableError:
        row = None
    if row is None:
        return {"ok": False, "heartbeat_age_seconds": None, "ttl_seconds": ttl, "worker": None}
    worker = {"id": row["worker"], "color": row["color"], "release": row["release"], "at": row["at"].isoformat()}
    age = round(row["age"], 1)
    return {"ok": age <= ttl, "heartbeat_age_seconds": age, "ttl_seconds": ttl, "worker": worker}


def check_jobs(status: dict) -> dict:
    age = status["heartbeat_age_seconds"]
    detail = "no heartbeat yet" if age is None else f"heartbeat {age} s ago, limit {status['ttl_seconds']:g} s"
    return check("jobs", status["ok"], detail)


async def readiness(store: Store, release: Release, ttl: float, exclude: set[str]) -> dict:
    """All checks except the excluded ones, and whether all of them are ok."""
    try:
        async with store.connection() as connection:
            checks = [
                check("db", await connection.fetchval("SELECT true"), "reachable"),
                await check_migrations(connection, store, release),
                check_jobs(await jobs_status(connection, ttl)),
            ]
    except UNREACHABLE as error:
        reason = f"not reachable: {error or type(error).__name__}"
        checks = [check("db", False, reason)]
        checks += [check(name, False, "unknown without the database") for name in ("migrations", "jobs")]
    checks = [entry for entry in checks if entry["name"] not in exclude]
    return {"ok": all(entry["ok"] for entry in checks), "checks": checks}
