"""The HTTP server that api and web run in: who answers, and a stop that loses no request."""

import logging
import sys
import time

import uvicorn

from common.environment import identity, number

# Longer than any load balancer keeps an idle connection, so that it is never us who close one just as it is used again.
KEEP_ALIVE_SECONDS = 75
# What may still be running when the drain is over.
FINISH_SECONDS = 20


class Draining:
    """ASGI wrapper. Once `started`, health paths answer 503 and every answer closes its connection."""

    def __init__(self, app):
        self.app = app
        self.started = False

    async def __call__(self, scope, receive, send):
        if not self.started or scope["type"] != "http":
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


class Server(uvicorn.Server):
    """Stops in two steps: for DRAIN_SECONDS it goes on serving and says that it leaves, then it finishes what runs."""

    def __init__(self, config: uvicorn.Config, draining: Draining, drain_seconds: float):
        super().__init__(config)
        self.draining = draining
        self.drain_seconds = drain_seconds
        self.stop_at = float("inf")

    def handle_exit(self, sig, frame):
        """First signal: drain. Second: stop at once."""
        if self.draining.started:
            return super().handle_exit(sig, frame)
        self.draining.started = True
        self.stop_at = time.monotonic() + self.drain_seconds

    async def on_tick(self, counter):
        """Called by uvicorn ten times a second; true ends the server."""
        return await super().on_tick(counter) or time.monotonic() >= self.stop_at


def serve(app, port: int) -> None:
    """Serve an ASGI app on all addresses until a signal. DRAIN_SECONDS: default 3."""
    # The load balancer keeps the access log.
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    draining = Draining(app)
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
    )
    Server(config, draining, number("DRAIN_SECONDS", 3)).run()
