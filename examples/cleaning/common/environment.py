"""The container's environment, read in one place."""

import os
import sys
from pathlib import Path


def secret(name: str) -> str:
    """The content of the file that the variable names, without the newline at its end. Exits when there is none."""
    path = os.environ.get(name)
    if not path:
        sys.exit(f"{name} is not set: it names the file that holds the secret")
    try:
        value = Path(path).read_text().rstrip("\r\n")
    except OSError as error:
        sys.exit(f"{name}: cannot read {path}: {error.strerror}")
    return value or sys.exit(f"{name}: {path} is empty")


def number(name: str, default: float) -> float:
    """A number from the environment. Exits when it is not one."""
    text = os.environ.get(name, "")
    try:
        return float(text) if text else default
    except ValueError:
        sys.exit(f"{name} must be a number, found '{text}'")


def identity() -> dict[str, str]:
    """Who answers: color, release and service, as far as they are set. One HTTP header each."""
    names = {name: os.environ.get(f"TURNOUT_{name.upper()}", "") for name in ("color", "release", "service")}
    return {name: value for name, value in names.items() if value}
