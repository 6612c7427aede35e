"""Finds a browser for the journeys, and installs Debian's where there is none and it may."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> str | None:
    """Return the path of a Chromium, or of one that the variable CHROMIUM names; None where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


def install() -> str | None:
    """Install Debian's Chromium if this is root on such a system; return its path."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    for command in (
        [apt, "-q", "update"],
        [apt, "-q", "install", "-y", "--no-install-recommends", "chromium"],
    ):
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            print(done.stderr[-500:], file=sys.stderr)
            return None
    return find()


def main() -> int:
    """Make sure that there is one; say in one line what is missing."""
    found = find() or install()
    if found is None:
        print(
            "The journeys need a Chromium: install one, or name it in the variable CHROMIUM.",
            file=sys.stderr,
        )
        return 1
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
