"""The HTTP server that api and web run in: who answers, and a stop that loses no request."""

import asyncio
import logging
import random
import sys
import time

import uvicorn

from common.environment import identity, number

# Longer than any load balancer keeps an idle connection, so that it is never us who close one just as it is used again.
KEEP_ALIVE_SECONDS = 75
# What may still be running when the drain is over.
FINISH_SECONDS = 20
# What a websocket's client is told when we leave: service restart, come back (RFC 6455's registry of close codes).
RESTART_CODE = 1012
# A client sends short texts; uvicorn's own limit is 16 MB for each connection.
SOCKET_MESSAGE_BYTES = 64 * 1024


class Draining:
    """ASGI wrapper. Once `begun`, health paths answer 503, every answer closes its connection, and websockets are
    closed one by one within `seconds`."""

    def __init__(self, app, seconds: float):
        self.app = app
        self.seconds = seconds
        self.begun = asyncio.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            return await self.until_goodbye(scope, receive, send)
        if not self.begun.is_set() or scope["type"] != "http":
            return await self.app(scope, receive, send)
        if scope["path"] in ("/healthz", "/readyz"):
            headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            return await send({"type": "http.response.body", "body": b'{"status":"draining","ok":false,"checks":[]}'})

        async def send_closing(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        return await self.app(scope, receive, send_closing)

    async def until_goodbye(self, scope, receive, send):
        """A websocket lives until its client leaves or its moment in the drain has come."""
        visit = asyncio.create_task(self.app(scope, receive, send))
        goodbye = asyncio.create_task(self.goodbye())
        try:
            await asyncio.wait({visit, goodbye}, return_when=asyncio.FIRST_COMPLETED)
            if visit.done():
                return await visit
            visit.cancel()
            await asyncio.wait({visit})
            await send({"type": "websocket.close", "code": RESTART_CODE, "reason": "restarting, connect again"})
        finally:
            visit.cancel()
            goodbye.cancel()

    async def goodbye(self) -> None:
        """Returns at a random moment of the drain: clients that all come back at once would be a rush."""
        await self.begun.wait()
        await asyncio.sleep(random.uniform(0, 0.8 * self.seconds))


class Server(uvicorn.Server):
    """Stops in two steps: for DRAIN_SECONDS it goes on serving and says that it leaves, then it finishes what runs."""

    def __init__(self, config: uvicorn.Config, draining: Draining):
        super().__init__(config)
        self.draining = draining
        self.stop_at: float | None = None

    def handle_exit(self, sig, frame):
        """First signal: drain. Second: stop at once."""
        if self.stop_at is not None:
            return super().handle_exit(sig, frame)
        self.stop_at = time.monotonic() + self.draining.seconds

    async def on_tick(self, counter):
        """Called by uvicorn ten times a second; true ends the server."""
        stopping = await super().on_tick(counter)
        if self.stop_at is None:
            return stopping
        # Not in handle_exit: a signal handler must not touch what the event loop waits for.
        self.draining.begun.set()
        return stopping or time.monotonic() >= self.stop_at


def serve(app, port: int) -> None:
    """Serve an ASGI app on all addresses until a signal. DRAIN_SECONDS: default 3."""
    # The load balancer keeps the access log.
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    draining = Draining(app, number("DRAIN_SECONDS", 3))
    config = uvicorn.Config(
        draining,
        host="0.0.0.0",
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        headers=[(f"x-turnout-{name}", value) for name, value in identity().items()],
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=FINISH_SECONDS,
        ws_max_size=SOCKET_MESSAGE_BYTES,
        # Pings find a dead client within this and ws_ping_timeout, 20 s each.
        ws_ping_interval=20,
        # A compressor of its own for each connection costs more memory than short texts are worth.
        ws_per_message_deflate=False,
    )
    Server(config, draining).run()
