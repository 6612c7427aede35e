"""What the header files in a plugin's folder say."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import StateError, StoreError
from .disk import Folder, read_file
from .document import MAX_BYTES, Document, Piece, guessed_label, read_document
from .signing import Standing
from .store import Entry

_NAME = re.compile(r"([0-9]{12,18})-[0-9a-f]{16}\.json")


def header_name(sequence: int) -> str:
    """Return a name for a new header file; no two are the same."""
    return f"{sequence:012d}-{secrets.token_hex(8)}.json"


@dataclass(frozen=True, slots=True)
class Found:
    """A header file.

    :param document: what it says, or why that cannot be told.
    :param label: where there is no document, the label if it can be made out.
    """

    name: str
    document: Document | StateError
    label: str | None


class Contents:
    """The header files of a folder at one moment.

    :param plugin: whose folder it is.
    """

    def __init__(self, found: Iterable[Found], plugin: str) -> None:
        self.found = sorted(found, key=lambda each: each.name)
        self._plugin = plugin

    @cached_property
    def documents(self) -> dict[str, Document]:
        """By label, in the order of saving. Of two with one label, as a crash leaves them, the later."""
        best: dict[str, Document] = {}
        for document in self.all_documents():
            known = best.get(document.label)
            if known is None or self._rank(known) < self._rank(document):
                best[document.label] = document
        in_order = sorted(best.values(), key=lambda document: document.sequence)
        return {document.label: document for document in in_order}

    def _rank(self, document: Document) -> tuple[bool, bool, int]:
        # What anybody can put there does not hide what we have signed.
        ours = document.standing is Standing.OURS
        return document.header.plugin == self._plugin, ours, document.sequence

    def all_documents(self) -> Iterator[Document]:
        """Yield what each readable header file says."""
        for each in self.found:
            if isinstance(each.document, Document):
                yield each.document

    def entries(self) -> dict[str, Entry]:
        """Return what the store tells of each snapshot."""
        return {label: document.entry for label, document in self.documents.items()}

    def problems(self) -> list[StateError]:
        """Return why header files cannot be read."""
        return [each.document for each in self.found if isinstance(each.document, StateError)]

    def files_of(self, labels: Iterable[str]) -> list[str]:
        """Return the names of all header files with these labels."""
        labels = set(labels)
        return [each.name for each in self.found if each.label in labels]

    def superseded(self) -> list[str]:
        """Return the names of header files for whose label another one counts."""
        return [
            each.name
            for each in self.found
            if isinstance(document := each.document, Document)
            and self.documents[document.label] is not document
        ]

    def signed_pieces(self) -> Iterator[Piece]:
        """Yield the pieces of all snapshots that are signed with this user's secret."""
        for document in self.all_documents():
            if document.standing is Standing.OURS:
                yield from document.pieces()

    def packs(self) -> set[str]:
        """Return the names of all packs that are needed."""
        return {piece.pack for document in self.all_documents() for piece in document.pieces()}

    def size_of(self, labels: Iterable[str]) -> int:
        """Return the bytes of content of these snapshots; what they share counts once."""
        sizes = {p.digest: p.size for label in labels for p in self.documents[label].pieces()}
        return sum(sizes.values())

    def next_sequence(self) -> int:
        """Return a number that is higher than all others, those in names included."""
        numbers = [int(each.name.partition("-")[0]) for each in self.found]
        numbers += [document.sequence for document in self.all_documents()]
        # Nobody comes so far by saving, and a file that somebody put there must not use numbers up.
        return max((number for number in numbers if number < 10**15), default=0) + 1


class Catalogue:
    """Reads the header files in a folder, and remembers those that did not change since.

    :param path: of the folder, for messages.
    """

    def __init__(self, path: Path, plugin: str) -> None:
        self._path = path
        self._plugin = plugin
        self._known: dict[str, tuple[object, Found]] = {}

    def read(self, folder: Folder, secret: bytes | None) -> Contents:
        """Return what all header files say.

        :raises FileNotFoundError: one was removed meanwhile, maybe for a new one that was not yet there.
        """
        names = [name for name in folder.names() if _NAME.fullmatch(name)]
        found = [self._read(folder, name, secret) for name in names]
        for name in set(self._known).difference(names):
            self._known.pop(name, None)
        return Contents(found, self._plugin)

    def _read(self, folder: Folder, name: str, secret: bytes | None) -> Found:
        stat = folder.stat(name)
        state = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, secret)
        known = self._known.get(name)
        if known is not None and known[0] == state:
            return known[1]
        found = self._fresh(folder, name, secret)
        if not isinstance(found.document, StoreError):  # that may pass
            self._known[name] = (state, found)
        return found

    def _fresh(self, folder: Folder, name: str, secret: bytes | None) -> Found:
        where = self._path / name
        try:
            text = read_file(folder, name, MAX_BYTES)
        except FileNotFoundError:
            raise
        except OSError as error:
            problem = StoreError(
                self._plugin,
                f"{where} cannot be read: {error.strerror or error}. If it is a symbolic link or no file "
                "of this store, delete it; otherwise make it readable.",
            )
            return Found(name, problem, None)
        try:
            document = read_document(text, where, self._plugin, secret)
        except StateError as error:
            return Found(name, error.with_traceback(None), guessed_label(text))
        return Found(name, document, document.label)
