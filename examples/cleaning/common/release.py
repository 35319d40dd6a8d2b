"""What this image is: written by common.stamp when the image was built."""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """One version of the application."""

    version: str
    schema: int
    """Number of migrations this version knows; what the code may expect of the tables."""
    revisions: list[str]
    """Their revision ids, oldest first."""
    faults: dict = field(default_factory=dict)
    """How a deliberately faulty version misbehaves; empty for a sound one."""

    @property
    def head(self) -> str:
        """The revision this version's code was written for."""
        return self.revisions[-1]


def load_release() -> Release:
    """Read release.json beside the packages."""
    return Release(**json.loads((Path(__file__).parent.parent / "release.json").read_text()))
