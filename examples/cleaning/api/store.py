"""Leads in PostgreSQL."""

import asyncio
from uuid import UUID

import asyncpg

from common.release import Release

CONNECT_SECONDS = 3
QUERY_SECONDS = 5
MAX_CONNECTIONS = 5

UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
"""What asyncpg raises when the database is down, going down, or does not let us in."""


class Store:
    """The leads table as this release knows it."""

    def __init__(self, database_url: str, release: Release):
        phone = "contact_phone" if release.schema >= 3 else "phone"
        columns = ["client_id", "name", phone, "email", "beds", "baths", "cleaning_type", "price"]
        fields = ["client_id", "name", "phone", "email", "beds", "baths", "cleaning_type", "price"]
        if release.schema >= 2:
            columns.append("referral")
            fields.append("referral")
        self.fields = fields
        returned = ", ".join(f"{column} AS {name}" for column, name in zip(columns, fields))
        values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        self.probe_sqls = [
            f"SELECT id, {returned}, created_at FROM leads LIMIT 0",
            "SELECT client_id, sha256, bytes, uploads FROM photos LIMIT 0",
        ]
        self.get_sql = f"SELECT id, {returned}, created_at FROM leads WHERE id = $1"
        self.insert_sql = f"""
            WITH lead AS (
                INSERT INTO leads ({", ".join(columns)}) VALUES ({values})
                ON CONFLICT (client_id) DO NOTHING RETURNING id
            ), followup AS (
                INSERT INTO lead_followups (lead_id) SELECT id FROM lead
            )
            SELECT id FROM lead
        """
        self.database_url = database_url
        self.pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Make the pool. With a minimum of 0 it connects when first asked, so the api starts without a database."""
        self.pool = await asyncpg.create_pool(
            self.database_url,
            min_size=0,
            max_size=MAX_CONNECTIONS,
            timeout=CONNECT_SECONDS,
            command_timeout=QUERY_SECONDS,
            server_settings={"application_name": "cleaning-api"},
        )

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self.pool.close(), timeout=2)
        except TimeoutError:
            self.pool.terminate()

    def connections(self) -> int:
        """Connections to the database that this replica holds now, MAX_CONNECTIONS at most."""
        return self.pool.get_size()

    def connection(self):
        """A connection of the pool, as an async context; waits at most CONNECT_SECONDS for a free one."""
        return self.pool.acquire(timeout=CONNECT_SECONDS)

    async def add(self, lead: dict) -> tuple[UUID, bool]:
        """Store a lead and its follow-up. Returns its id, and false when one with this client_id was there already."""
        async with self.connection() as connection:
            created = await connection.fetchval(self.insert_sql, *(lead[name] for name in self.fields))
            if created is not None:
                return created, True
            return await connection.fetchval("SELECT id FROM leads WHERE client_id = $1", lead["client_id"]), False

    async def get(self, lead_id: UUID) -> dict | None:
        async with self.connection() as connection:
            row = await connection.fetchrow(self.get_sql, lead_id)
            return dict(row) if row else None

    async def count(self) -> dict:
        async with self.connection() as connection:
            return dict(await connection.fetchrow("""
                SELECT (SELECT count(*) FROM leads) AS count,
                       (SELECT count(*) FROM lead_followups WHERE processed_at IS NULL) AS pending_followups,
                       (SELECT count(*) FROM lead_followups WHERE attempts > 1) AS repeated_followups
            """))
