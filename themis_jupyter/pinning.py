"""Letting tracebacks, ``inspect`` and debuggers see the source that runs, not what is on disk."""

from __future__ import annotations

import io
import linecache
import threading

_Entry = tuple[int, None, list[str], str]
_pinned: dict[str, _Entry] = {}
_pin_lock = threading.Lock()


def pin_source(filename: str, text: str) -> None:
    """Make ``linecache``, and all that reads it, show ``text`` for ``filename``.

    An entry without a modification time is not dropped by ``linecache.checkcache``. What reads the
    file itself is not reached: on Python 3.11 and 3.12 the interpreter's own last resort,
    ``sys.__excepthook__``, which a notebook does not use.

    :param filename: as in ``co_filename`` of the code that runs.
    :param text: decoded source that runs.
    """
    entry = (len(text), None, split_lines(text), filename)
    with _pin_lock:
        linecache.cache[filename] = _pinned[filename] = entry


def unpin_source(filename: str) -> None:
    """Undo :func:`pin_source`: the file on disk is shown again. Harmless if nothing was pinned."""
    with _pin_lock:
        entry = _pinned.pop(filename, None)
        # Somebody else's later entry (IPython's, a debugger's) is theirs to remove.
        if entry is not None and linecache.cache.get(filename) is entry:
            del linecache.cache[filename]


def split_lines(text: str) -> list[str]:
    """Split into lines as Python's own reader does: not at form feeds, as ``splitlines`` would."""
    reader = io.StringIO(newline=None)
    reader.write(text.removeprefix("\ufeff"))
    reader.seek(0)
    lines = reader.readlines()
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return lines
