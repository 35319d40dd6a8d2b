"""Starts the api: python3 -m api"""

import os
import sys

from common.environment import number, secret
from common.release import load_release

PORT = 8000


def main() -> None:
    release = load_release()
    if release.faults.get("nostart"):
        sys.exit(f"cleaning.api: version {release.version} cannot start: it is built to fail here")

    # After the check above: these take most of the start-up time.
    from api.app import create_app
    from api.faults import Faults
    from api.metrics import Counted, Traffic
    from api.store import Store
    from common.server import serve

    traffic = Traffic()
    app = create_app(
        release,
        Store(secret("DATABASE_URL_FILE"), release),
        admin=(os.environ.get("ADMIN_USER", "admin"), secret("ADMIN_PASSWORD_FILE")),
        heartbeat_ttl=number("JOB_HEARTBEAT_TTL_SECONDS", 180),
        traffic=traffic,
    )
    serve(Counted(Faults(app, release), traffic), PORT)


main()
