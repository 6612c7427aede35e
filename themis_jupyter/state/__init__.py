"""Saving a plugin's state and bringing it back."""

from .exporting import export_snapshot, import_snapshot, inspect_export
from .files import FileStore
from .header import Field, Header
from .signing import find_secret, load_secret
from .snapshot import Snapshot, get_ready
from .store import Collected, Entry, MemoryStore, SnapshotStore

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
