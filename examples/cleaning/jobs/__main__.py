"""The worker: python3 -m jobs

Runs until SIGTERM or SIGINT, finishes the follow-up it is at and exits 0. A missing database or table is waited for.
"""

import asyncio
import logging
import signal
import socket
import sys
import time

import asyncpg

from common.environment import identity, number, secret
from common.release import load_release
from jobs.health import ALIVE
from jobs.work import beat, follow_up_one

CONNECT_SECONDS = 3
QUERY_SECONDS = 10
BATCH_SECONDS = 5
"""Work between two heartbeats; the follow-up begun last is finished."""

log = logging.getLogger("cleaning.jobs")


class Worker:
    """One loop: heartbeat, a batch of follow-ups, a pause."""

    def __init__(self, database_url: str, interval: float, seconds_each: float, stop: asyncio.Event):
        self.database_url = database_url
        self.interval = interval
        self.seconds_each = seconds_each
        self.stop = stop
        self.name = socket.gethostname()
        who = identity()
        self.color = who.get("color", "")
        self.release = who.get("release") or load_release().version
        self.connection: asyncpg.Connection | None = None
        self.trouble = ""

    async def run(self) -> None:
        log.info("worker %s started, color '%s', release %s", self.name, self.color, self.release)
        while not self.stop.is_set():
            ALIVE.touch()
            if not await self.turn():
                await self.pause()
        if self.connection and not self.connection.is_closed():
            self.connection.terminate()
        log.info("worker %s stopped", self.name)

    async def turn(self) -> bool:
        """Heartbeat and a batch. True when more work waits."""
        try:
            if not await self.connected():
                return False
            await beat(self.connection, self.name, self.color, self.release)
            more = await self.batch()
            self.say("")
            return more
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self.say(f"{type(error).__name__}: {error}")
            if self.connection:
                self.connection.terminate()
                self.connection = None
        return False

    async def batch(self) -> bool:
        """Follow-ups for BATCH_SECONDS at most. False when none is left or the stop came."""
        until = time.monotonic() + BATCH_SECONDS
        while not self.stop.is_set() and await follow_up_one(self.connection, self.name, self.seconds_each):
            if time.monotonic() >= until:
                return True
        return False

    async def connected(self) -> bool:
        """Connect if need be; false when the stop came first."""
        if self.connection is None or self.connection.is_closed():
            connecting = asyncio.ensure_future(
                asyncpg.connect(
                    self.database_url,
                    timeout=CONNECT_SECONDS,
                    command_timeout=QUERY_SECONDS,
                    server_settings={"application_name": "cleaning-jobs"},
                )
            )
            stopping = asyncio.ensure_future(self.stop.wait())
            await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not connecting.done():
                connecting.cancel()
                return False
            self.connection = connecting.result()
        return True

    async def pause(self) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), timeout=self.interval)
        except TimeoutError:
            pass

    def say(self, trouble: str) -> None:
        """Log a trouble when it begins and when it is over, not at every turn."""
        if trouble and trouble != self.trouble:
            log.warning("the database cannot be used, trying again every %g s: %s", self.interval, trouble)
        if self.trouble and not trouble:
            log.info("the database can be used again")
        self.trouble = trouble


async def main() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = asyncio.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(kind, stop.set)
    interval = number("JOB_INTERVAL_SECONDS", 5)
    seconds_each = number("JOB_SECONDS_PER_FOLLOWUP", 0)
    await Worker(secret("DATABASE_URL_FILE"), interval, seconds_each, stop).run()


asyncio.run(main())
