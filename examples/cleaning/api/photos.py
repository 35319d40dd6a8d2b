"""Photos of homes: read as they come and counted. Nothing of the picture is kept but its checksum."""

import hashlib

from fastapi import HTTPException, Request

from api.store import Store

MAX_BYTES = 20 * 1024 * 1024

# Uploads are counted and not just refused, so that a repeated one can be seen.
ADD_SQL = """
    INSERT INTO photos (client_id, sha256, bytes) VALUES ($1, $2, $3)
    ON CONFLICT (client_id) DO UPDATE SET uploads = photos.uploads + 1
    RETURNING sha256, bytes, uploads
"""
COUNT_SQL = "SELECT count(*) AS count, count(*) FILTER (WHERE uploads > 1) AS repeated FROM photos"


async def read_photo(request: Request) -> tuple[str, int]:
    """SHA-256 in hex and size of the body, which is never in memory as a whole. 413 when it is over MAX_BYTES."""
    digest = hashlib.sha256()
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BYTES:
            raise HTTPException(413, f"a photo has {MAX_BYTES} bytes at most", {"Connection": "close"})
        digest.update(piece)
    return digest.hexdigest(), size


async def add_photo(store: Store, client_id: str | None, sha256: str, size: int) -> tuple[dict, bool]:
    """Store a photo that came whole. Returns its row, and false when one with this client_id was there already."""
    async with store.connection() as connection:
        row = await connection.fetchrow(ADD_SQL, client_id, sha256, size)
        return {"sha256": row["sha256"], "bytes": row["bytes"]}, row["uploads"] == 1


async def count_photos(store: Store) -> dict:
    """How many photos there are, and how many of them were uploaded more than once."""
    async with store.connection() as connection:
        return dict(await connection.fetchrow(COUNT_SQL))
