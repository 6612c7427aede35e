"""The content of a snapshot in pieces: taken apart without a copy, put together with one."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence

from .snapshot import Snapshot

#: A change in a large array costs that much. Smaller ones would make long lists of them.
PIECE = 256 * 1024  # bytes


def flat(part: bytes | bytearray | memoryview) -> memoryview:
    """Return the bytes of a part, which shares its memory."""
    view = memoryview(part)
    if not view.nbytes:  # which cannot be cast if it has several dimensions
        return memoryview(b"")
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


def parts_of(snapshot: Snapshot) -> list[memoryview]:
    """Return the pickle stream and each buffer."""
    return [flat(part) for part in (snapshot.data, *snapshot.buffers)]


def pieces(part: memoryview) -> Iterator[memoryview]:
    """Yield a part in pieces."""
    for start in range(0, part.nbytes, PIECE):
        yield part[start : start + PIECE]


def digest(piece: bytes | memoryview) -> str:
    """Return the SHA-256 of a piece, hexadecimal."""
    return hashlib.sha256(piece).hexdigest()


class Assembly:
    """Parts that are being read: memory for each, to be filled in any order.

    :param sizes: bytes of each part.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self._files = []
        for size in sizes:
            file = io.BytesIO()
            if size:
                # Makes room at once; getvalue() then hands out this very memory, not a copy.
                file.seek(size - 1)
                file.write(b"\0")
            self._files.append(file)

    def part(self, index: int) -> memoryview:
        """Return the memory of a part, to be filled; all views are to be released before the end."""
        return self._files[index].getbuffer()

    def finish(self) -> list[bytes]:
        """Return the parts, and forget them."""
        files, self._files = self._files, []
        return [file.getvalue() for file in files]
