"""Snapshots and stores for the tests of this folder."""

from __future__ import annotations

import os
import random
from pathlib import Path

from themis_jupyter.state import FileStore, Header, Snapshot

PLUGIN = "counter"
SECRET = bytes(range(32))
OTHER_SECRET = bytes(reversed(range(32)))
needs_fork = os.name != "nt"


def snapshot(data: bytes = b"data", *buffers: bytes | memoryview, plugin: str = PLUGIN) -> Snapshot:
    """Return a snapshot with this content. The stores never look into it."""
    sizes = tuple(len(part) for part in (data, *buffers))
    return Snapshot(Header(plugin, "1.2", 3, sizes=sizes, created=1e9), data, buffers)


def noise(size: int, seed: int = 0) -> bytes:
    """Return bytes of which no two pieces are alike."""
    return random.Random(seed).randbytes(size)


def files(store: FileStore, suffix: str = "") -> list[Path]:
    """Return the files of a store, those of the lock left out."""
    if not store.folder.exists():
        return []
    found = (path for path in store.folder.iterdir() if not path.name.startswith("lock"))
    return sorted(path for path in found if path.name.endswith(suffix))


def content(store: FileStore) -> dict[str, bytes]:
    """Return all that a store has on the disk."""
    return {path.name: path.read_bytes() for path in files(store)}
