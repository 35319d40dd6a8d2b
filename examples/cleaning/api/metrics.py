"""How this replica answers: its last minute in numbers."""

import time
from dataclasses import dataclass

WINDOW_SECONDS = 60
UNCOUNTED = ("/healthz", "/readyz", "/metrics")
"""Paths that only watchers ask for; counting them would thin out the error rate."""


@dataclass
class Second:
    """What was answered within one second."""

    at: int = -1
    total: int = 0
    failed: int = 0
    took: float = 0.0


class Traffic:
    """Counts answers by the second and forgets those older than WINDOW_SECONDS, so its size never grows."""

    def __init__(self, clock=time.monotonic):
        self.clock = clock
        self.ring = [Second() for _ in range(WINDOW_SECONDS)]

    def count(self, failed: bool, took: float) -> None:
        """One answer, `took` seconds after the whole request was here."""
        now = int(self.clock())
        slot = now % WINDOW_SECONDS
        if self.ring[slot].at != now:
            self.ring[slot] = Second(at=now)
        second = self.ring[slot]
        second.total += 1
        second.failed += failed
        second.took += took

    def last_minute(self) -> dict:
        """The figures by their names in the runbook; the duration is the mean in seconds, 0 without requests."""
        oldest = int(self.clock()) - WINDOW_SECONDS
        recent = [second for second in self.ring if second.at > oldest]
        total = sum(second.total for second in recent)
        failed = sum(second.failed for second in recent)
        took = sum(second.took for second in recent)
        return {
            "http_requests_total": total,
            "http_requests_failed": failed,
            "error_rate_percent": round(100 * failed / total, 3) if total else 0.0,
            "http_requests_duration_seconds": round(took / total, 4) if total else 0.0,
        }


class Counted:
    """ASGI wrapper that counts every HTTP answer except the watchers'. Failed: a 5xx, or none at all."""

    def __init__(self, app, traffic: Traffic):
        self.app = app
        self.traffic = traffic

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] in UNCOUNTED:
            return await self.app(scope, receive, send)
        began = self.traffic.clock()
        answered = False

        async def receive_timed():
            # An upload over a slow line is not a slow api: the time runs from the end of the request.
            nonlocal began
            message = await receive()
            if not answered and message["type"] == "http.request":
                began = self.traffic.clock()
            return message

        async def send_counted(message):
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                self.traffic.count(message["status"] >= 500, self.traffic.clock() - began)
            await send(message)

        try:
            await self.app(scope, receive_timed, send_counted)
        except Exception:
            if not answered:
                self.traffic.count(True, self.traffic.clock() - began)
            raise
