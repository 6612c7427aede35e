"""Whether the files on disk differ from what runs, and whether they hold a version that ran before."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from types import ModuleType

from .errors import PluginDefinitionError
from .history import REVERT, Version
from .placing import placed
from .record import Record
from .reload.source import Source
from .reload.tracking import tracked

EDITED, DELETED, UNREADABLE, UNKNOWN = "edited", "deleted", "unreadable", "unknown"
#: A former version was brought back, and the file still holds another one that ran.
REVERTED = "reverted"


def drift_of(record: Record) -> str:
    """Return what became of a plugin's files since they were read; empty where nothing did.

    Of a package's files the one that went farthest counts: ``deleted`` before ``edited``.
    """
    words = {drift_of_module(module) for module in record.modules}
    if not words - {""} and _json_differs(record):
        words = {EDITED}
    if words & {EDITED, DELETED} and UNREADABLE not in words and _was_reverted(record):
        words = {REVERTED}
    found = (DELETED, UNREADABLE, EDITED, UNKNOWN, REVERTED)
    return next((word for word in found if word in words), "")


def drift_in_words(record: Record) -> str:
    """Return the same as words to read: ``running version 3, file has version 5``; empty for none."""
    word = drift_of(record)
    current = record.history.current
    if not word or current is None or word == UNKNOWN:
        return word
    files = "files" if len(record.modules) > 1 else "file"
    have, are = ("have", "are") if files == "files" else ("has", "is")
    other = version_on_disk(record)
    if other is not None:
        what = f"{have} version {other.number}"
    elif word in (DELETED, UNREADABLE):
        what = f"{are} {word}"
    else:
        what = f"{have} an edit that never ran"
    return f"running version {current.number}, {files} {what}"


def version_on_disk(record: Record) -> Version | None:
    """Return the kept version that a plugin's files hold; None where they hold no such one.

    Of several with the same source the one that runs counts, or else the one that ran last.
    """
    hashes: dict[str, str | None] = {}
    main = record.candidate.module

    def is_there(source: Source) -> bool:
        name = source.filename
        if name not in hashes:
            hashes[name] = hash_of_file(Path(name))[0]
        return hashes[name] == source.sha256

    found = [
        version
        for version in record.history
        if main in version.sources and all(map(is_there, placed(record, version).values()))
    ]
    current = record.history.current
    # One with more modules says more: a file that another version lacks is there.
    return max(found, key=lambda v: (len(v.sources), v is current, v.turn), default=None)


def drift_of_module(module: ModuleType) -> str:
    """Return what became of a module's file; the bytes decide, not their date."""
    known = tracked(module)
    if known is None:
        return UNKNOWN
    found, word = hash_of_file(Path(known.source.filename))
    return word or ("" if found == known.source.sha256 else EDITED)


def hash_of_file(path: Path) -> tuple[str | None, str]:
    """Return the SHA-256 of a file; or None, and in a word why it cannot be had."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
            return None, UNREADABLE
        return hashlib.sha256(path.read_bytes()).hexdigest(), ""
    except FileNotFoundError:
        return None, DELETED
    except OSError:
        return None, UNREADABLE


def _was_reverted(record: Record) -> bool:
    current = record.history.current
    if current is None or current.how != REVERT:
        return False
    other = version_on_disk(record)
    return other is not None and other is not current


def _json_differs(record: Record) -> bool:
    try:
        return record.candidate.json_fields() != record.json
    except (PluginDefinitionError, OSError):
        return True


def drift_text(record: Record, drift: str) -> str:
    """Return what a plugin's drift means, and what to do, as a sentence; empty where there is none."""
    name, file = record.name, record.candidate.path.name
    failure = record.failure
    if drift and record.is_broken:
        return f"{name} is broken since its last reload: %plugin_errors shows why"
    if drift == EDITED and failure is not None:
        return (
            f"{name} runs its old version: the reload of what {file} says now was "
            f"{failure.outcome.value}. %plugin_errors shows why"
        )
    if drift == REVERTED:
        return f"{name}: {drift_in_words(record)}. %reload_plugin {name} brings the file in"
    return {
        EDITED: f"{name} runs an old version: {file} was edited since. %reload_plugin {name}",
        DELETED: f"{name} goes on running, but a file of it is gone: {_missing(record)}",
        UNREADABLE: f"{name} goes on running, but {file} cannot be read",
        UNKNOWN: f"{name}: what it runs is not known. %reload_plugin {name}",
    }.get(drift, "")


def _missing(record: Record) -> str:
    gone = [m.__file__ for m in record.modules if drift_of_module(m) == DELETED]
    return ", ".join(Path(file).name for file in gone if file)
