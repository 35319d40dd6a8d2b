"""Docker health check of the worker: python3 -m jobs.health

Exit code 0 while the worker's loop turns, with or without a database. The limit is 30 seconds of silence.
"""

import sys
import time
from pathlib import Path

ALIVE = Path("/tmp/alive")
LIMIT_SECONDS = 30


def silence() -> float:
    """Seconds since the loop last turned; infinite when it never did."""
    try:
        return time.time() - ALIVE.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


if __name__ == "__main__":
    seconds = silence()
    print(f"last sign of life {seconds:.0f} s ago")
    sys.exit(0 if seconds <= LIMIT_SECONDS else 1)
