"""What stays connected: the crew's live status over a websocket, and a report that takes its time."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

TICK_SECONDS = 2


async def live(socket: WebSocket, who: dict[str, str]) -> None:
    """Say who answers, then echo each text with its number, and tick. Ends when the client leaves."""
    await socket.accept()
    ticking = asyncio.create_task(tick(socket))
    try:
        await socket.send_json({**who, "session": str(uuid4())})
        count = 0
        async for text in socket.iter_text():
            count += 1
            await socket.send_json({"echo": text, "n": count})
    except WebSocketDisconnect:
        pass  # It left while we were writing.
    finally:
        ticking.cancel()


async def tick(socket: WebSocket) -> None:
    """A sign of life every TICK_SECONDS, so that neither side takes a quiet line for a dead one."""
    number = 0
    try:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            number += 1
            await socket.send_json({"tick": number})
    except WebSocketDisconnect:
        pass


async def report_lines(seconds: int, who: dict[str, str]) -> AsyncIterator[str]:
    """One JSON line a second, and a last one that says how many there were: a report without it was cut off."""
    for line in range(1, seconds + 1):
        await asyncio.sleep(1)
        yield as_line({"line": line, **who})
    yield as_line({"done": True, "lines": seconds})


def as_line(value: dict) -> str:
    """JSON as the other answers write it, without spaces, and a newline."""
    return json.dumps(value, separators=(",", ":")) + "\n"
