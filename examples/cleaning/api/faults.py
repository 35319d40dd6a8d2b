"""The misbehaviour of the versions that exist to be caught: 1.2.0-broken and 1.3.0-slow."""

import asyncio
import json

from common.environment import number
from common.release import Release


class Share:
    """True for an even share of calls: with a rate of 0.02, every fiftieth. Counted, so that a test can rely on it."""

    def __init__(self, rate: float):
        self.rate = rate
        self.owed = 0.0

    def __call__(self) -> bool:
        self.owed += self.rate
        # A sum of floats may end a hair below one.
        if self.owed < 1 - 1e-9:
            return False
        self.owed -= 1
        return True


class Faults:
    """ASGI wrapper: public /v1 requests fail or wait as the release says. Health and admin paths and websockets
    stay sound."""

    def __init__(self, app, release: Release):
        self.app = app
        faults = release.faults
        rate = number("CLEANING_ERROR_RATE", faults["error_rate"]) if "error_rate" in faults else 0
        self.fails = Share(rate)
        self.is_slow = Share(faults.get("slow_rate", 0))
        self.delay = faults.get("delay_seconds", 0)
        self.slow_delay = faults.get("slow_seconds", 0)

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/v1/") or path.startswith("/v1/admin/"):
            return await self.app(scope, receive, send)
        if self.fails():
            # Before the handler: a failed POST has written nothing.
            body = json.dumps({"detail": "internal error"}).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 500, "headers": headers})
            return await send({"type": "http.response.body", "body": body})
        delay = self.slow_delay if self.is_slow() else self.delay
        if delay:
            await asyncio.sleep(delay)
        return await self.app(scope, receive, send)
