"""Packs: files that hold pieces of content, one after the other.

A save writes the pieces that no pack has yet into one new pack. So a save waits for the disk once, and
what did not change is written once. A pack is never changed; it is removed when no snapshot needs it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from .content import Assembly, digest
from .disk import Folder, read_into, sync, write_all
from .document import Piece
from .locking import Temporary

SUFFIX = ".pack"
#: An empty file beside a pack: a piece in there was damaged, so nothing new may lean on it.
DAMAGED = ".damaged"
BATCH = 64 * 1024  # bytes

_NAME = re.compile(r"([0-9a-f]{32})\.(pack|damaged)")

Places = dict[str, Piece]


class PackError(Exception):
    """Something is wrong with a pack.

    :param pack: its name without the suffix.
    """

    def __init__(self, pack: str) -> None:
        super().__init__(pack)
        self.pack = pack


class DamagedPieceError(PackError):
    """A piece is not what it should be, or its pack ends before it."""


class PackGoneError(PackError):
    """A pack was removed, or its content moved to another one, since the header was read."""


class PackWriter:
    """A new pack; use it with ``with``. At the end it is removed, unless it was published.

    Nothing is created before the first piece.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._file: Temporary | None = None
        self._batch: list[bytes | memoryview] = []
        self._waiting = 0
        self._size = 0
        #: Its name without suffix.
        self.name = secrets.token_hex(16)
        #: By SHA-256, the pieces that are in it.
        self.places: Places = {}

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(self, *details: object) -> None:
        if self._file is not None:
            self._file.__exit__(*details)

    def add(self, name: str, piece: bytes | memoryview) -> None:
        """Write a piece. It may be written with the next one only, so its memory must not change.

        :param name: its SHA-256.
        """
        size = len(piece)
        if self._file is None:
            self._file = Temporary(self._folder)
        self.places[name] = Piece(name, size, self.name, self._size)
        self._size += size
        self._batch.append(piece)
        self._waiting += size
        if self._waiting >= BATCH:
            self._flush(self._file)

    def sync(self) -> None:
        """Wait until all of it is on the disk."""
        if self._file is not None:
            self._flush(self._file)
            sync(self._file.fd)

    def publish(self) -> None:
        """Give it its lasting name, if there is anything in it. The caller has the lock."""
        if self._file is not None:
            self._flush(self._file)
            self._file.publish(self.name + SUFFIX)

    def withdraw(self) -> None:
        """Remove it although it was published. No header refers to it."""
        if self._file is not None:
            self._folder.unlink(self.name + SUFFIX)

    def _flush(self, file: Temporary) -> None:
        batch, self._batch, self._waiting = self._batch, [], 0
        if len(batch) == 1:  # a large one, which is not copied
            write_all(file.fd, batch[0])
        elif batch:
            write_all(file.fd, b"".join(batch))


def packs_in(folder: Folder) -> dict[str, int]:
    """Return the packs in a folder by name without suffix, with their sizes in bytes."""
    found = {}
    for name in folder.names():
        if (match := _NAME.fullmatch(name)) and match[2] == "pack":
            with contextlib.suppress(FileNotFoundError):
                info = folder.stat(name)
                if stat.S_ISREG(info.st_mode):
                    found[match[1]] = info.st_size
    return found


def damaged_in(folder: Folder) -> set[str]:
    """Return the names of the packs that are known to be damaged, without suffix."""
    names = (_NAME.fullmatch(name) for name in folder.names())
    return {match[1] for match in names if match and match[2] == "damaged"}


def mark_damaged(folder: Folder, pack: str) -> None:
    """Remember that a pack is damaged, if that is possible."""
    with contextlib.suppress(OSError):
        os.close(folder.create(pack + DAMAGED))


def places_of(folder: Folder, pieces: Iterable[Piece]) -> Places:
    """Return, by SHA-256, those pieces whose packs are there and long enough, and not known to be damaged."""
    sizes = packs_in(folder)
    for pack in damaged_in(folder):
        sizes.pop(pack, None)
    return {
        piece.digest: piece
        for piece in pieces
        if piece.offset + piece.size <= sizes.get(piece.pack, -1)
    }


@contextlib.contextmanager
def _opened(folder: Folder, pack: str) -> Iterator[int]:
    try:
        fd = folder.open_file(pack + SUFFIX)
    except FileNotFoundError:
        raise PackGoneError(pack) from None
    try:
        yield fd
    finally:
        os.close(fd)


def read_parts(folder: Folder, parts: Iterable[Iterable[Piece]]) -> list[bytes]:
    """Return the content of parts, each piece checked.

    :raises DamagedPieceError: a piece is not what it should be.
    :raises PackGoneError: a pack is not there.
    """
    wanted: defaultdict[str, list[tuple[Piece, int, int]]] = defaultdict(list)
    sizes: list[int] = []
    for number, part in enumerate(parts):
        sizes.append(0)
        for piece in part:
            wanted[piece.pack].append((piece, number, sizes[number]))
            sizes[number] += piece.size
    # Before memory is taken for what is not there.
    there = packs_in(folder)
    for pack, pieces in wanted.items():
        if pack not in there:
            with _opened(folder, pack):  # says it if it is a link
                raise PackGoneError(pack)
        if any(piece.offset + piece.size > there[pack] for piece, _, _ in pieces):
            raise DamagedPieceError(pack)
    assembly = Assembly(sizes)
    for pack, pieces in wanted.items():
        # One pack at a time: a snapshot may be spread over more than may be open at once.
        with _opened(folder, pack) as fd:
            for piece, number, start in pieces:
                with assembly.part(number) as view, view[start : start + piece.size] as target:
                    if not (read_into(fd, piece.offset, target) and digest(target) == piece.digest):
                        raise DamagedPieceError(pack)
    return assembly.finish()


def move_pieces(folder: Folder, pieces: Iterable[Piece], writer: PackWriter) -> None:
    """Copy pieces into a new pack, each one checked and once only.

    :raises DamagedPieceError: a piece is not what it should be.
    :raises PackGoneError: a pack is not there.
    """
    wanted: defaultdict[str, dict[str, Piece]] = defaultdict(dict)
    for piece in pieces:
        wanted[piece.pack][piece.digest] = piece
    for pack, of_pack in wanted.items():
        with _opened(folder, pack) as fd:
            for piece in sorted(of_pack.values(), key=lambda piece: piece.offset):
                content = bytearray(piece.size)
                with memoryview(content) as view:
                    if not (read_into(fd, piece.offset, view) and digest(view) == piece.digest):
                        raise DamagedPieceError(pack)
                if piece.digest not in writer.places:
                    writer.add(piece.digest, bytes(content))


def live_bytes(pieces: Iterable[Piece]) -> Mapping[str, int]:
    """Return, by pack, how many of its bytes are needed."""
    live: defaultdict[str, int] = defaultdict(int)
    for piece in set(pieces):
        live[piece.pack] += piece.size
    return live


def remove_unneeded(folder: Folder, needed: Iterable[str]) -> None:
    """Remove the packs that are not ``needed``.

    The caller has the lock, and knows all headers.
    """
    for pack in packs_in(folder).keys() - set(needed):
        folder.unlink(pack + SUFFIX)
    for pack in damaged_in(folder) - packs_in(folder).keys():
        folder.unlink(pack + DAMAGED)
