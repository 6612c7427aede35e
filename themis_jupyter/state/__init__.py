"""Saving a plugin's state and bringing it back."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .header import Field, Header
from .snapshot import Snapshot, get_ready
from .store import Collected, Entry, MemoryStore, SnapshotStore

if TYPE_CHECKING:
    from .exporting import export_snapshot, import_snapshot, inspect_export
    from .files import FileStore
    from .signing import find_secret, load_secret

__all__ = [
    "Collected",
    "Entry",
    "Field",
    "FileStore",
    "Header",
    "MemoryStore",
    "Snapshot",
    "SnapshotStore",
    "export_snapshot",
    "find_secret",
    "get_ready",
    "import_snapshot",
    "inspect_export",
    "load_secret",
]

#: What has to do with files is imported when it is used first: a kernel may never need it.
_LATER = {
    "FileStore": "files",
    "export_snapshot": "exporting",
    "find_secret": "signing",
    "import_snapshot": "exporting",
    "inspect_export": "exporting",
    "load_secret": "signing",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = value
    return value
