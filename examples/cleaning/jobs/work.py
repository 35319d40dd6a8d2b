"""What the worker does with the database: say that it lives, and write the follow-ups."""

import asyncio

import asyncpg

HEARTBEAT_SQL = """
    INSERT INTO job_heartbeats (worker, color, release, at) VALUES ($1, $2, $3, now())
    ON CONFLICT (worker) DO UPDATE SET color = excluded.color, release = excluded.release, at = excluded.at
"""
# The heartbeat of a worker that stopped stays for a day: between the old color's workers and the new one's there is a gap.
FORGET_SQL = "DELETE FROM job_heartbeats WHERE at < now() - interval '1 day'"

CLAIM_SQL = """
    SELECT followup.id, lead.name, lead.cleaning_type, lead.price
    FROM lead_followups followup JOIN leads lead ON lead.id = followup.lead_id
    WHERE followup.processed_at IS NULL
    ORDER BY followup.id LIMIT 1
    FOR UPDATE OF followup SKIP LOCKED
"""
FINISH_SQL = """
    UPDATE lead_followups
    SET message = $2, processed_by = $3, processed_at = now(), attempts = attempts + 1 WHERE id = $1
"""


async def beat(connection: asyncpg.Connection, worker: str, color: str, release: str) -> None:
    """Record a heartbeat."""
    await connection.execute(HEARTBEAT_SQL, worker, color, release)
    await connection.execute(FORGET_SQL)


async def follow_up_one(connection: asyncpg.Connection, worker: str, seconds: float) -> bool:
    """Write the follow-up of one lead; false when none waits. The row lock makes it happen once, whoever else works.

    It takes `seconds` on top. A worker that dies meanwhile leaves the row as it was, for the next to take.
    """
    async with connection.transaction():
        row = await connection.fetchrow(CLAIM_SQL)
        if row is None:
            return False
        kind = row["cleaning_type"].replace("_", "-")
        message = f"Hello {row['name']}, your {kind} cleaning would cost ${row['price']}. Which day suits you?"
        await asyncio.sleep(seconds)
        await connection.execute(FINISH_SQL, row["id"], message, worker)
        return True
