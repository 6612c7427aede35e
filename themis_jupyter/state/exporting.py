"""A snapshot in one file, to be carried elsewhere.

::

    {"format": 1, "header": {...}, "label": "...", "parts": [["<SHA-256> <size>", ...], ...], "hmac": ...}
    <the bytes of all pieces, one after the other>

The first line is JSON that a person can read (``head -1 FILE | python -m json.tool``), signed with the
secret of who exported it. Elsewhere, with another secret, the file loads with trust only.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import StateError, UntrustedSnapshotError
from .content import Assembly, digest, parts_of, pieces
from .disk import Folder, sync, told, write_all
from .document import MAX_BYTES, MAX_PIECE, corrupt, parse, read_header
from .header import FORMAT
from .locking import Temporary
from .signing import Standing, sealed, standing
from .snapshot import Snapshot
from .store import Entry, is_label, other_plugin

KIND = "export"
_PIECE = re.compile(r"([0-9a-f]{64}) ([1-9][0-9]{0,7})")

Parts = list[list[tuple[str, int]]]


def export_snapshot(
    snapshot: Snapshot, file: str | os.PathLike[str], secret: bytes, *, label: str = "export"
) -> Path:
    """Write a snapshot to a file of its own, readable for this user only, and return its path.

    What was there is replaced once all is on the disk; a failure leaves it as it was, and nothing else.

    :param secret: to sign it with; see :func:`.signing.load_secret`.
    :raises StateError: it refers to objects of this kernel.
    :raises StoreError: the file cannot be written.
    """
    plugin = snapshot.plugin
    if snapshot.references:
        raise StateError(
            plugin,
            f"this snapshot of {plugin!r} cannot be exported: it refers to objects that exist in this "
            "kernel only. Capture one without references to them.",
        )
    path = Path(file).absolute()
    parts = parts_of(snapshot)
    document = {
        "format": FORMAT,
        "header": snapshot.header.as_json(),
        "label": label,
        "parts": [[f"{digest(p)} {p.nbytes}" for p in pieces(part)] for part in parts],
    }
    first = json.dumps(sealed(document, secret, KIND)).encode() + b"\n"
    with (
        told(plugin, "exporting the state", path),
        _surroundings(path.parent) as folder,
        Temporary(folder) as new,
    ):
        write_all(new.fd, first)
        for part in parts:
            write_all(new.fd, part)
        sync(new.fd)
        new.close()
        os.replace(folder.path / new.name, path)
        folder.sync()
    return path


@contextlib.contextmanager
def _surroundings(path: Path) -> Iterator[Folder]:
    """Open the folder that the user chose, which may be anybody's, and reached over links."""
    # Without a descriptor, as its checks are for our own folders.
    folder = Folder(path.resolve(strict=True), None)
    yield folder


def inspect_export(
    file: str | os.PathLike[str], secret: bytes | None, *, plugin: str = ""
) -> Entry:
    """Return what an exported file tells of its snapshot, without loading it.

    :param secret: to check the signature with; None if there is none.
    :param plugin: whose snapshot is looked for, for messages.
    :raises StateError: it is no such file, damaged, or of a newer format.
    """
    path = Path(file).absolute()
    with told(plugin, "reading an exported state", path), _opened(path) as stream:
        return _read_first(stream, path, plugin, secret)[0]


def import_snapshot(
    file: str | os.PathLike[str],
    secret: bytes | None,
    *,
    plugin: str | None = None,
    trust: bool = False,
) -> Snapshot:
    """Return the snapshot in an exported file, its bytes checked.

    :param secret: to check the signature with; None if there is none, so that nothing is trusted.
    :param plugin: whose snapshot it has to be; None for any.
    :param trust: also if it is not signed with this secret. Loading a snapshot runs what is in it, so
        show the user its header first (:func:`inspect_export`).
    :raises UntrustedSnapshotError: it is foreign or altered, and ``trust`` is not given.
    :raises CorruptSnapshotError: it is damaged, or no such file.
    :raises IncompatibleSnapshotError: it has a newer format, or is of another plugin.
    :raises StoreError: the file cannot be read.
    """
    path = Path(file).absolute()
    who = plugin or ""
    with told(who, "importing the state", path), _opened(path) as stream:
        entry, parts, says = _read_first(stream, path, who, secret)
        if plugin is not None and entry.header.plugin != plugin:
            raise other_plugin(plugin, entry.header.plugin, path)
        if says is not Standing.OURS and not trust:
            raise UntrustedSnapshotError(
                entry.header.plugin,
                f"the exported state {path} is not to be trusted: it is {says.value}. Loading it would run "
                "whatever is in it. If you know where it comes from, look at its header and import it "
                "with trust.",
            )
        data, *buffers = _read_parts(stream, parts, path, who)
        return Snapshot(entry.header, data, tuple(buffers))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    # The user names the file, so it may be a link; but a pipe would be waited for.
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, os.O_RDONLY | flags), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(22, "it is not a regular file", str(path))
        yield stream


def _read_first(
    stream: IO[bytes], path: Path, plugin: str, secret: bytes | None
) -> tuple[Entry, Parts, Standing]:
    first = stream.readline(MAX_BYTES)
    raw = parse(first, path, plugin)
    try:
        parts = [[_piece(text) for text in part] for part in raw["parts"]]
        if not parts or not is_label(raw["label"]):
            raise ValueError("it has no content or no label")
        header = read_header(raw["header"])
        says = standing(raw, secret, KIND)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise corrupt(plugin, path, error) from error
    # Before memory is taken for what is not there.
    size = len(first) + sum(size for part in parts for _, size in part)
    if os.fstat(stream.fileno()).st_size != size:
        raise corrupt(plugin, path, f"it should have {size} bytes")
    return Entry(raw["label"], header, True, says is Standing.OURS), parts, says


def _piece(text: str) -> tuple[str, int]:
    found = _PIECE.fullmatch(text)
    if found is None or int(found[2]) > MAX_PIECE:
        raise ValueError("a piece of its content is described wrongly")
    return found[1], int(found[2])


def _read_parts(stream: IO[bytes], parts: Parts, path: Path, plugin: str) -> list[bytes]:
    assembly = Assembly([sum(size for _, size in part) for part in parts])
    for number, part in enumerate(parts):
        start = 0
        for name, size in part:
            with assembly.part(number) as view, view[start : start + size] as target:
                if stream.readinto(target) != size or digest(target) != name:  # type: ignore[attr-defined]
                    raise corrupt(plugin, path, "its bytes are not those that were exported")
            start += size
    return assembly.finish()
