"""Files compared with what they were at the last look: first their dates, then their contents."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path

#: What ``stat`` tells: a file that was written, or replaced by another one, differs in it, also where a program
#: has given it its old date back.
Stamp = tuple[int, int, int, int]

#: A file of that hash is not there, or cannot be read.
MISSING = ""


class Looks:
    """What a set of files looked like. Not safe to be used from two threads at once."""

    def __init__(self) -> None:
        self._stamps: dict[Path, Stamp | None] = {}
        self._hashes: dict[Path, str] = {}

    def follow(self, known: Mapping[Path, str | None]) -> None:
        """Look at these files from now on, and at no others; what was seen of the same ones stays.

        :param known: for each, the SHA-256 of the contents that new ones are compared with; None for those that
            it has now.
        """
        for path in self._stamps.keys() - known.keys():
            del self._stamps[path]
            del self._hashes[path]
        for path in known.keys() - self._stamps.keys():
            sha256 = known[path]
            # Where another content is known, the first look compares with that, whatever the date.
            self._stamps[path] = _stamp(path) if sha256 is None else None
            self._hashes[path] = content_hash(path) if sha256 is None else sha256

    def __len__(self) -> int:
        return len(self._stamps)

    def changed(self) -> set[Path]:
        """Return the files whose contents differ from those at the last look."""
        touched = [(p, now) for p, seen in self._stamps.items() if (now := _stamp(p)) != seen]
        found: set[Path] = set()
        for path, now in touched:
            self._stamps[path] = now
            sha256 = content_hash(path)
            if sha256 != self._hashes[path]:
                self._hashes[path] = sha256
                found.add(path)
        return found

    def quiet_for(self) -> float:
        """Return how long ago the last of the files was written, in seconds; at most a day."""
        dates = [stamp[0] for stamp in self._stamps.values() if stamp is not None]
        age = time.time() - max(dates, default=0) / 1e9
        # A date in the future (another machine's clock) says nothing about when it was written.
        return min(age, 86400.0) if age >= 0 else 86400.0


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal; :data:`MISSING` where it cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
            return MISSING
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return MISSING


def _stamp(path: Path) -> Stamp | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
