"""Let the JupyterLab of an environment find the extension: ``python -m tools.labextension .venv``.

An editable installation has no copy of it, so that a new build is there at once. A link does what
``jupyter labextension develop`` does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "themis_jupyter" / "labextension"


def link(environment: Path) -> None:
    """Link the build output into the environment, by a relative path."""
    place = environment / "share" / "jupyter" / "labextensions" / "themis-jupyter"
    target = os.path.relpath(OUTPUT, place.parent)
    if place.is_symlink():
        if os.readlink(place) == target:
            return
        place.unlink()
    elif place.exists():
        sys.exit(
            f"{place} is a copy of the extension, which would hide the one that was built. "
            "Remove that folder, and run this again."
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.symlink_to(target, target_is_directory=True)
    except (OSError, NotImplementedError) as error:
        sys.exit(
            f"No symbolic link can be made at {place} ({error}). Allow them (on Windows: the "
            f"developer mode), or copy {OUTPUT} to that place after each build."
        )


if __name__ == "__main__":
    link(ROOT / sys.argv[1])
