"""Leaving no more on the disk than is needed. All of it is done while the folder is locked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from . import packs
from .catalogue import Contents
from .disk import Folder, write_all
from .document import Document, Piece
from .locking import TEMPORARY, Temporary, is_abandoned
from .packs import DamagedPieceError, PackGoneError, PackWriter
from .signing import Standing

#: From when on gc() moves what is needed of a pack into a new one: dead share, and dead bytes.
DEAD_SHARE = 0.25
DEAD_BYTES = 64 * 1024
#: A save does so only where much is to be gained, as it has somebody waiting.
MUCH_DEAD = 64 * 2**20  # bytes, and more than all that is alive


def remove_leftovers(folder: Folder) -> None:
    """Remove what processes that are gone left half-written."""
    for name in folder.names():
        if name.endswith(TEMPORARY) and is_abandoned(folder, name):
            folder.unlink(name)


def much_is_dead(folder: Folder, contents: Contents) -> bool:
    """Return whether what nothing needs is by far the larger part."""
    live = sum(packs.live_bytes(_all_pieces(contents)).values())
    total = sum(packs.packs_in(folder).values())
    return total - live > max(MUCH_DEAD, live)


def compact(folder: Folder, contents: Contents, secret: bytes) -> None:
    """Move what is needed of mostly dead packs into one new pack.

    The old packs are left to :func:`.packs.remove_unneeded`. A crash leaves both, and all headers whole.

    :raises OSError: that failed; the same holds.
    """
    damaged = packs.damaged_in(folder)
    while worth := _worth_moving(folder, contents) - damaged:
        try:
            with PackWriter(folder) as writer:
                moving = (p for p in _all_pieces(contents) if p.pack in worth)
                packs.move_pieces(folder, moving, writer)
                writer.publish()
                _point_to(folder, contents, worth, writer.places, secret)
            return
        except (DamagedPieceError, PackGoneError) as error:
            damaged.add(error.pack)  # stays as it is, for those whose content in it is whole


def _all_pieces(contents: Contents) -> Iterator[Piece]:
    for document in contents.all_documents():
        yield from document.pieces()


def _worth_moving(folder: Folder, contents: Contents) -> set[str]:
    live = packs.live_bytes(_all_pieces(contents))
    # A header that we did not sign cannot be made to point elsewhere.
    fixed = {
        piece.pack
        for document in contents.all_documents()
        if document.standing is not Standing.OURS
        for piece in document.pieces()
    }
    return {
        pack
        for pack, size in packs.packs_in(folder).items()
        if pack in live and pack not in fixed
        if size - live[pack] > max(DEAD_BYTES, size * DEAD_SHARE)
    }


def _point_to(
    folder: Folder, contents: Contents, moved: set[str], places: packs.Places, secret: bytes
) -> None:
    for each in contents.found:
        document = each.document
        if isinstance(document, Document) and any(p.pack in moved for p in document.pieces()):
            parts = tuple(
                tuple(places[p.digest] if p.pack in moved else p for p in part)
                for part in document.parts
            )
            with Temporary(folder) as file:
                write_all(file.fd, replace(document, parts=parts).as_bytes(secret))
                file.publish(each.name)
