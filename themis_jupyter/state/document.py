"""The header file of a snapshot in a folder: JSON that a person can read, signed.

::

    {
     "format": 1,
     "label": "before lunch",
     "named": true,
     "sequence": 12,
     "header": {"plugin": "counter", ...},
     "packs": ["1f0c…"],
     "parts": [["<SHA-256> <size> <number of the pack in packs> <offset>", ...], ...],
     "key": "…", "hmac": "…"
    }

The first part is the pickle stream, the others are its out-of-band buffers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import CorruptSnapshotError, IncompatibleSnapshotError, StoreError
from .header import FORMAT, Header
from .signing import Standing, sealed, standing
from .store import Entry, is_label

MAX_BYTES = 64 * 2**20  # of a header file: enough for 150 GB of content
_YEAR_3000 = 32503680000  # seconds since 1970; not each system can show what is far beyond
MAX_PIECE = 16 * 2**20  # bytes; larger ones are not ours
KIND = "snapshot"

_PACK = re.compile(r"[0-9a-f]{32}")
_PIECE = re.compile(r"([0-9a-f]{64}) ([1-9][0-9]{0,7}) (0|[1-9][0-9]{0,6}) (0|[1-9][0-9]{0,14})")


class Piece(NamedTuple):
    """Where a piece of content is.

    :param digest: its SHA-256.
    :param size: bytes.
    :param pack: name of the pack without its suffix.
    :param offset: bytes before it in the pack.
    """

    digest: str
    size: int
    pack: str
    offset: int


@dataclass(frozen=True, slots=True)
class Document:
    """What a header file says."""

    label: str
    named: bool
    sequence: int
    header: Header
    parts: tuple[tuple[Piece, ...], ...]
    standing: Standing = Standing.OURS

    @property
    def entry(self) -> Entry:
        """What the store tells of it."""
        trusted = self.standing is Standing.OURS
        return Entry(self.label, self.header, self.named, trusted, self.sequence)

    def pieces(self) -> Iterator[Piece]:
        """Yield all pieces of all parts."""
        for part in self.parts:
            yield from part

    def as_bytes(self, secret: bytes) -> bytes:
        """Return the content of its file, signed.

        :raises StoreError: it would be longer than what is read again.
        """
        packs = {piece.pack: 0 for piece in self.pieces()}
        packs = {pack: number for number, pack in enumerate(packs)}
        document = {
            "format": FORMAT,
            "label": self.label,
            "named": self.named,
            "sequence": self.sequence,
            "header": self.header.as_json(),
            "packs": list(packs),
            "parts": [
                [f"{p.digest} {p.size} {packs[p.pack]} {p.offset}" for p in part]
                for part in self.parts
            ],
        }
        plugin = self.header.plugin
        text = json.dumps(sealed(document, secret, KIND), indent=1).encode() + b"\n"
        if len(text) > MAX_BYTES:
            raise StoreError(
                plugin,
                f"the state of {plugin!r} is in too many parts to be saved to files "
                f"({len(self.parts)} buffers). Put many small arrays into fewer large ones.",
            )
        return text


def read_document(text: bytes, where: Path, plugin: str, secret: bytes | None) -> Document:
    """Return what a header file says. Whether it is trusted is told, not enforced.

    :param where: the file, for messages.
    :param plugin: whose snapshot is looked for, for messages.
    :raises CorruptSnapshotError: it does not say what it should.
    :raises IncompatibleSnapshotError: its format is newer.
    """
    raw = parse(text, where, plugin)
    try:
        packs = [str(pack) for pack in raw["packs"] if _PACK.fullmatch(pack)]
        if len(packs) != len(raw["packs"]):
            raise ValueError("a pack has a name that none can have")
        parts = tuple(tuple(_piece(text, packs) for text in part) for part in raw["parts"])
        label, named, sequence = raw["label"], raw["named"], raw["sequence"]
        if not is_label(label) or not isinstance(named, bool) or type(sequence) is not int:
            raise ValueError("its label, or what goes with it, is none")
        if not parts or sequence < 1:
            raise ValueError("it has no content, or no place in the order")
        header = read_header(raw["header"])
        return Document(label, named, sequence, header, parts, standing(raw, secret, KIND))
    except (KeyError, TypeError, ValueError, IndexError, RecursionError) as error:
        raise corrupt(plugin, where, error) from error


def guessed_label(text: bytes) -> str | None:
    """Return the label in a header file that cannot be read otherwise, if it can be made out."""
    found = re.search(rb'"label": ?("(?:[^"\\\n]|\\.)*")', text)
    try:
        label = json.loads(found[1]) if found else None
    except ValueError:
        return None
    return label if is_label(label) else None


def parse(text: bytes, where: Path, plugin: str) -> dict[str, Any]:
    """Return a JSON document whose format is known; nothing else of it is checked.

    :raises CorruptSnapshotError: it is no such document.
    :raises IncompatibleSnapshotError: its format is newer.
    """
    try:
        raw = json.loads(text)
        number = raw["format"]
        if type(number) is not int or number < 1:
            raise ValueError(f"its format is {number!r:.40}")
    # A text of a million brackets is a RecursionError.
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise corrupt(plugin, where, error) from error
    if number > FORMAT:
        raise IncompatibleSnapshotError(
            plugin,
            f"{where} has the format {number}, and this version of themis_jupyter knows those up to "
            f"{FORMAT}. Update themis_jupyter (pip install -U themis-jupyter) to use it.",
        )
    assert isinstance(raw, dict)
    return raw


def corrupt(plugin: str, where: object, why: object) -> CorruptSnapshotError:
    """Return the error that says that a file is not what was written."""
    text = " ".join(f"{why}".split())[:200]
    return CorruptSnapshotError(
        plugin,
        f"{where} is damaged ({text or type(why).__name__}). Restore another snapshot of {plugin!r}, or "
        "bring the file back from a backup; otherwise delete this one.",
    )


def read_header(raw: Any) -> Header:
    """Return the header in a document, of which each value has the right type.

    :raises ValueError: it is not the header of a snapshot.
    """
    if not isinstance(raw, Mapping):
        raise ValueError("it has no header")
    header = Header.from_json(raw)
    texts = (header.plugin, header.plugin_version, header.source_sha256, header.python)
    if not (
        all(isinstance(text, str) for text in texts)
        and type(header.state_version) is int
        and type(header.created) in (int, float)
        and 0 <= header.created < _YEAR_3000
        and type(header.code) is bool
    ):
        raise ValueError("not the header of a snapshot: a value has the wrong type")
    return header


def _piece(text: str, packs: list[str]) -> Piece:
    found = _PIECE.fullmatch(text)
    if found is None:
        raise ValueError("a piece of its content is described wrongly")
    name, size, pack, offset = found.groups()
    if int(size) > MAX_PIECE:
        raise ValueError("a piece of its content is too large")
    return Piece(name, int(size), packs[int(pack)], int(offset))
