"""Saving a plugin's state and bringing it back.

The stores are imported when they are first asked for: most sessions never keep a state in a file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .header import Field, Header
from .pickling import Rules
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .exporting import export_snapshot, import_snapshot, inspect_export
    from .files import FileStore
    from .signing import find_secret, load_secret
    from .store import Collected, Entry, MemoryStore, SnapshotStore

__all__ = [
    "Collected",
    "Entry",
    "Field",
    "FileStore",
    "Header",
    "MemoryStore",
    "Rules",
    "Snapshot",
    "SnapshotStore",
    "export_snapshot",
    "find_secret",
    "import_snapshot",
    "inspect_export",
    "load_secret",
]

_LATER = {
    "exporting": ("export_snapshot", "import_snapshot", "inspect_export"),
    "files": ("FileStore",),
    "signing": ("find_secret", "load_secret"),
    "store": ("Collected", "Entry", "MemoryStore", "SnapshotStore"),
}
_HOME = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
