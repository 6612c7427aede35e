"""Write constraints.txt anew: what ``.[dev]`` brings in today, under each supported Python.

``make constraints`` runs it. Each Python gets a fresh environment in a temporary directory;
where they disagree on a version, a line carries an environment marker.
"""

import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from tools.environment import CONSTRAINTS, ROOT, create, pip_install
from tools.pythons import SUPPORTED, running

HEADER = """\
# The versions for developers and CI; the bounds for users are in pyproject.toml.
# Written by "make constraints", never by hand, with Python {releases}.
"""


def freeze(python: str, directory: Path) -> list[str]:
    """The ``name==version`` lines of a fresh environment."""
    inside = create(directory, python)
    pip_install(inside, "--editable", f"{ROOT}[dev]")
    command = [str(inside), "-m", "pip", "freeze", "--exclude-editable"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    # A name with a URL would carry a host or a path.
    return [line for line in lines if "==" in line and "@" not in line]


def marker(versions: list[str]) -> str:
    """The marker for these supported versions; the newest includes those still to come."""
    first, last = SUPPORTED.index(versions[0]), SUPPORTED.index(versions[-1])
    if len(versions) != last - first + 1:
        return " or ".join(f'python_version == "{version}"' for version in versions)
    parts = []
    if first > 0:
        parts.append(f'python_version >= "{versions[0]}"')
    if last < len(SUPPORTED) - 1:
        parts.append(f'python_version < "{SUPPORTED[last + 1]}"')
    return " and ".join(parts)


def oldest(version: str) -> tuple[str, str]:
    """The oldest release found: some packages want 3.11.5 where stable systems have 3.11.2."""
    found = list(running(version))
    if not found:
        # Without one of them its markers would be lost.
        sys.exit(f"constraints.txt needs Python {version}, which is not found here.")
    return min(found, key=lambda release_and_path: int(release_and_path[0].rpartition(".")[2]))


def main() -> None:
    pythons = [oldest(version) for version in SUPPORTED]
    pins: defaultdict[str, list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        for version, (release, python) in zip(SUPPORTED, pythons, strict=True):
            print(f"Installing everything under Python {release}", flush=True)
            for pin in freeze(python, Path(scratch, version)):
                pins[pin].append(version)
    lines = [f"{pin} ; {where}" if (where := marker(pins[pin])) else pin for pin in pins]
    text = HEADER.format(releases=", ".join(release for release, _ in pythons))
    CONSTRAINTS.write_text(text + "\n".join(sorted(lines, key=str.casefold)) + "\n")


if __name__ == "__main__":
    main()
