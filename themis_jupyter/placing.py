"""Which files the sources of a kept version belong into now: a plugin may have moved since."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .errors import HistoryError
from .history import Version
from .record import Record

if TYPE_CHECKING:
    from .reload.source import Source


def placed(record: Record, version: Version) -> dict[str, Source]:
    """Return the sources of a version, named after the files that the plugin has now.

    :raises HistoryError: the plugin's module had another name.
    """
    from .reload.source import Source

    main, file = record.candidate.module, record.candidate.path
    if main not in version.sources:
        names = ", ".join(sorted(version.sources))
        raise HistoryError(
            record.name,
            f"version {version.number} of {record.name!r} was loaded as {names}, and now it is {main}. "
            "Unload it, and load the file that it came from.",
        )
    before = os.path.dirname(version.sources[main].filename)
    found = {}
    for name, source in version.sources.items():
        path = file if name == main else file.parent / os.path.relpath(source.filename, before)
        found[name] = Source(str(path), source.data)
    return found
