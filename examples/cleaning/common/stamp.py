"""Build step: turn the common source into one version. Usage, in /app: python3 -m common.stamp VERSION

Writes release.json (what the program knows about itself) and removes the migrations that are younger than the version.
"""

import compileall
import json
import sys
from pathlib import Path


def stamp(app: Path, version: str) -> None:
    """Raises SystemExit with one sentence when the version is not in versions.json."""
    catalogue = json.loads((app / "versions.json").read_text())
    entry = catalogue["versions"].get(version)
    if entry is None:
        known = ", ".join(catalogue["versions"])
        sys.exit(f"VERSION is '{version}'; build with --build-arg VERSION= one of: {known}")

    schema = entry["schema"]
    revisions = catalogue["revisions"][:schema]
    for migration in (app / "api/migrations/versions").glob("*.py"):
        if migration.name.split("_")[0] not in revisions:
            migration.unlink()

    release = {"version": version, "schema": schema, "revisions": revisions, "faults": entry.get("faults", {})}
    (app / "release.json").write_text(json.dumps(release, indent=2) + "\n")
    (app / "versions.json").unlink()
    # Compiled now: at run time the file system is read-only.
    compileall.compile_dir(app, quiet=1)


if __name__ == "__main__":
    stamp(Path.cwd(), sys.argv[1])
