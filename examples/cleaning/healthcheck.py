"""Docker health check without curl: python3 -I -S /app/healthcheck.py http://127.0.0.1:8000/healthz

Exit code 0 when the answer is 200 within two seconds. A plain socket, because a check runs every few seconds in every
container and importing an HTTP client costs more than the request.
"""

import socket
import sys


def status_line(url):
    """Send one GET and return the first line of the answer."""
    address, _, path = url.removeprefix("http://").partition("/")
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port or 80)), timeout=2) as connection:
        request = f"GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        return connection.makefile("rb").readline().decode("latin-1").strip()


if __name__ == "__main__":
    try:
        answer = status_line(sys.argv[1])
    except OSError as error:
        sys.exit(f"no answer from {sys.argv[1]}: {error}")
    print(answer)
    sys.exit(0 if answer.split(" ")[1:2] == ["200"] else 1)
