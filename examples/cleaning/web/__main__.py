"""The web site: python3 -m web. One page on port 3000, with version and color filled in by the server."""

import base64
import secrets
from html import escape
from pathlib import Path

from common.environment import identity
from common.release import load_release
from common.server import serve

PORT = 3000


def load_page() -> str:
    """The page of this release in this color; the nonce is left to fill in."""
    who = identity()
    page = (Path(__file__).parent / "page.html").read_text()
    values = {"version": load_release().version, "color": who.get("color", "none"), "release": who.get("release", "none")}
    for name, value in values.items():
        page = page.replace(f"{{{{{name}}}}}", escape(value))
    return page


PAGE = load_page()


async def app(scope, receive, send) -> None:
    """ASGI application: /, /healthz, and 404 for the rest."""
    if scope["type"] != "http":
        return
    status, kind, headers = 200, "application/json", []
    if scope["path"] == "/healthz":
        body = '{"status":"ok"}'
    elif scope["path"] != "/":
        status, body = 404, '{"detail":"no such page"}'
    elif scope["method"] not in ("GET", "HEAD"):
        status, body = 405, '{"detail":"only GET"}'
    else:
        # Style and script are in the page: one answer is always of one version.
        nonce = base64.b64encode(secrets.token_bytes(12)).decode()
        kind, body = "text/html; charset=utf-8", PAGE.replace("{{nonce}}", nonce)
        policy = f"default-src 'none'; connect-src 'self'; img-src data:; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'self'"
        headers = [(b"content-security-policy", policy.encode()), (b"cache-control", b"no-store")]
    content = body.encode()
    headers += [(b"content-type", kind.encode()), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


if __name__ == "__main__":
    serve(app, PORT)
