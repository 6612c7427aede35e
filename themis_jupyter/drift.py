"""Whether the files on disk differ from what runs."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from types import ModuleType

from .errors import PluginDefinitionError
from .record import Record
from .reload.tracking import tracked

EDITED, DELETED, UNREADABLE, UNKNOWN = "edited", "deleted", "unreadable", "unknown"


def drift_of(record: Record) -> str:
    """Return what became of a plugin's files since they were read; empty where nothing did.

    Of a package's files the one that went farthest counts: ``deleted`` before ``edited``.
    """
    found = {drift_of_module(module) for module in record.modules}
    if not found - {""} and _json_differs(record):
        return EDITED
    return next((word for word in (DELETED, UNREADABLE, EDITED, UNKNOWN) if word in found), "")


def drift_of_module(module: ModuleType) -> str:
    """Return what became of a module's file; the bytes decide, not their date."""
    known = tracked(module)
    if known is None:
        return UNKNOWN
    path = Path(known.source.filename)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
            return UNREADABLE
        data = path.read_bytes()
    except FileNotFoundError:
        return DELETED
    except OSError:
        return UNREADABLE
    return "" if hashlib.sha256(data).hexdigest() == known.source.sha256 else EDITED


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
    return {
        EDITED: f"{name} runs an old version: {file} was edited since. %reload_plugin {name}",
        DELETED: f"{name} goes on running, but a file of it is gone: {_missing(record)}",
        UNREADABLE: f"{name} goes on running, but {file} cannot be read",
        UNKNOWN: f"{name}: what it runs is not known. %reload_plugin {name}",
    }.get(drift, "")


def _missing(record: Record) -> str:
    gone = [m.__file__ for m in record.modules if drift_of_module(m) == DELETED]
    return ", ".join(Path(file).name for file in gone if file)
