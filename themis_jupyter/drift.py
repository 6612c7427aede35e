"""Whether the files on disk differ from what runs."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from types import ModuleType

from .record import Record
from .reload.tracking import tracked

EDITED, DELETED, UNREADABLE, UNKNOWN = "edited", "deleted", "unreadable", "unknown"


def drift_of(record: Record) -> str:
    """Return what became of a plugin's files since they were read; empty where nothing did.

    Of a package's files the one that went farthest counts: ``deleted`` before ``edited``.
    """
    found = {drift_of_module(module) for module in record.modules}
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
