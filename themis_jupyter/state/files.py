"""A store in files, for a restart of the kernel. Several kernels may use one folder at a time.

What is where, and what each crash leaves behind, is told in ``docs/state_files.md``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import CorruptSnapshotError, StateError, UntrustedSnapshotError
from . import packs
from .catalogue import Catalogue, Contents, header_name
from .content import digest, parts_of, pieces
from .disk import Folder, told, write_all
from .document import Document, corrupt
from .housekeeping import compact, much_is_dead, remove_leftovers
from .locking import Temporary, locked
from .packs import DamagedPieceError, PackGoneError, PackWriter, places_of
from .signing import Standing, data_folder, find_secret, load_secret
from .snapshot import Snapshot
from .store import (
    MAX_BYTES,
    MAX_SNAPSHOTS,
    Collected,
    Entry,
    SnapshotStore,
    auto_label,
    beyond_limits,
    check_label,
    other_plugin,
)

#: So often what changes meanwhile is read anew before all others are asked to wait.
TRIES = 3

#: Of each part its pieces, with their SHA-256.
Content = list[list[tuple[str, memoryview]]]


class FileStore(SnapshotStore):
    """Keeps the snapshots of one plugin in files. Processes and threads may share the folder.

    Nothing is created before the first :meth:`save`.

    :param folder: of all plugins; None for one in Jupyter's data directory.
    :param secret: what snapshots are signed with, or the file with it; None for this user's secret,
        made when the first snapshot is saved.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None,
        plugin: str,
        secret: bytes | Path | None = None,
        *,
        max_snapshots: int | None = MAX_SNAPSHOTS,
        max_bytes: int | None = MAX_BYTES,
    ) -> None:
        super().__init__(plugin, max_snapshots=max_snapshots, max_bytes=max_bytes)
        if isinstance(secret, bytes) and len(secret) < 16:
            raise ValueError("a secret of less than 16 bytes can be guessed")
        # Absolute: the notebook may change the working directory.
        self._root = (data_folder() / "state" if folder is None else Path(folder)).absolute()
        # The hash tells Counter from counter where the disk does not, and con from a device.
        self._name = f"{plugin}+{hashlib.sha256(plugin.encode()).hexdigest()[:8]}"
        self._secret = secret
        self._catalogue = Catalogue(self.folder, plugin)

    @property
    def folder(self) -> Path:
        """The folder of this plugin."""
        return self._root / self._name

    # -- reading -------------------------------------------------------------------------------

    def entries(self) -> dict[str, Entry]:
        """Return what can be told of each snapshot without loading it, in the order of saving.

        Those that are not trusted are among them; files that cannot be read are in :meth:`problems`.
        """
        with self._reading() as folder:
            return {} if folder is None else self._contents(folder).entries()

    def problems(self) -> list[StateError]:
        """Return, for each header file that cannot be read, why, and what to do about it."""
        with self._reading() as folder:
            return [] if folder is None else self._contents(folder).problems()

    def load(self, label: str, *, trust: bool = False) -> Snapshot:
        """Return a snapshot, its bytes checked; see :meth:`SnapshotStore.load`.

        :raises CorruptSnapshotError: something of it is missing, or not what was saved.
        :raises IncompatibleSnapshotError: it has a newer format, or is of another plugin.
        """
        gone: PackGoneError | None = None
        with self._reading() as folder:
            if folder is None:
                raise self._not_found(label, ())
            for attempt in range(TRIES):
                # It may be replaced, and its content moved, between the header and the packs.
                last = attempt == TRIES - 1
                with self._locked_if(folder, last):
                    contents = self._contents(folder, alone=last)
                    document = self._trusted(contents, label, trust)
                    try:
                        data, *buffers = packs.read_parts(folder, document.parts)
                        return Snapshot(document.header, data, tuple(buffers))
                    except PackGoneError as error:
                        gone = error
                    except DamagedPieceError as error:
                        # Of another one it may be the header that lies.
                        if document.standing is Standing.OURS:
                            packs.mark_damaged(folder, error.pack)
                        where = self.folder / (error.pack + packs.SUFFIX)
                        why = f"what it holds of the snapshot {label!r} is not what was saved"
                        raise corrupt(self.plugin, where, why) from None
        raise CorruptSnapshotError(
            self.plugin,
            f"the snapshot {label!r} of {self.plugin!r} has lost some of its content: there is no file "
            f"{self.folder / f'{gone}{packs.SUFFIX}'}. Restore another snapshot, or bring the file back "
            "from a backup; otherwise delete this one.",
        )

    def _trusted(self, contents: Contents, label: str, trust: bool) -> Document:
        if label not in contents.documents:
            for each in contents.found:
                if isinstance(each.document, StateError) and each.label == label:
                    raise each.document
            raise self._not_found(label, contents.documents)
        document = contents.documents[label]
        if document.header.plugin != self.plugin:
            raise other_plugin(self.plugin, document.header.plugin, self.folder)
        if document.standing is not Standing.OURS and not trust:
            raise UntrustedSnapshotError(
                self.plugin,
                f"the snapshot {label!r} in {self.folder} is not to be trusted: it is "
                f"{document.standing.value}. Loading it would run whatever is in it. If you know where "
                "it comes from, look at its header and load it with trust; otherwise delete it.",
            )
        return document

    def _contents(self, folder: Folder, *, alone: bool = False) -> Contents:
        """Return what the header files say.

        :param alone: the folder is locked already.
        """
        secret = self._known_secret()
        for _ in range(0 if alone else TRIES):
            with contextlib.suppress(FileNotFoundError):
                return self._catalogue.read(folder, secret)
        with self._locked_if(folder, not alone):
            return self._catalogue.read(folder, secret)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Folder | None]:
        """Give the folder, or None if there is none."""
        with (
            told(self.plugin, "reading the saved states", self.folder),
            contextlib.ExitStack() as stack,
        ):
            folder: Folder | None = None
            with contextlib.suppress(FileNotFoundError):
                root = stack.enter_context(Folder.open(self._root, self.plugin, private=False))
                folder = stack.enter_context(root.inside(self._name, self.plugin))
            yield folder

    @contextlib.contextmanager
    def _locked_if(self, folder: Folder, wanted: bool) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            if wanted:
                # A folder that is read-only needs no lock.
                with contextlib.suppress(OSError):
                    stack.enter_context(locked(folder, self.plugin))
            yield

    def _known_secret(self) -> bytes | None:
        if isinstance(self._secret, bytes):
            return self._secret
        return find_secret(self.plugin, self._secret)

    # -- writing -------------------------------------------------------------------------------

    def save(self, snapshot: Snapshot, label: str | None = None) -> str:
        """Keep a snapshot, and return its label; see :meth:`SnapshotStore.save`.

        When it returns, the snapshot is on the disk. What older ones have of it is not written again.

        :raises StoreError: the disk is full or read-only, or others have access to the folder.
        """
        self._check(snapshot)
        if label is not None:
            check_label(self.plugin, label)
        if snapshot.references:
            raise StateError(
                self.plugin,
                f"this snapshot of {self.plugin!r} cannot be saved to a file: it refers to objects that "
                "exist in this kernel only. Capture one without references to them.",
            )
        content = [
            [(digest(piece), piece) for piece in pieces(part)] for part in parts_of(snapshot)
        ]
        with self._writing("saving the state") as (folder, secret), PackWriter(folder) as writer:
            # Most of the work is done before others are asked to wait.
            signed = self._contents(folder).signed_pieces()
            _write_missing(content, places_of(folder, signed), writer)
            writer.sync()
            with locked(folder, self.plugin):
                label = self._commit(folder, secret, snapshot, label, content, writer)
                # It is saved, so nothing of this is worth an error; gc() would report it.
                with contextlib.suppress(OSError):
                    self._tidy(folder, secret, just_written=label)
        return label

    def _commit(
        self,
        folder: Folder,
        secret: bytes,
        snapshot: Snapshot,
        label: str | None,
        content: Content,
        writer: PackWriter,
    ) -> str:
        contents = self._catalogue.read(folder, secret)
        # Packs may have been removed meanwhile, or their content moved.
        places = places_of(folder, contents.signed_pieces())
        _write_missing(content, places, writer)
        places.update(writer.places)
        sequence = contents.next_sequence()
        named = label is not None
        if label is None:
            label = auto_label(sequence, contents.documents)
        parts = tuple(tuple(places[name] for name, _ in part) for part in content)
        document = Document(label, named, sequence, snapshot.header, parts)
        name = header_name(sequence)
        try:
            writer.publish()
            with Temporary(folder) as file:
                write_all(file.fd, document.as_bytes(secret))
                file.publish(name)
        except BaseException:
            with contextlib.suppress(OSError):  # in this order: a header has all its packs
                folder.unlink(name)
                writer.withdraw()
            raise
        return label

    def __delitem__(self, label: str) -> None:
        with self._reading() as there:
            if there is None:
                raise self._not_found(label, ())
        with (
            self._writing("deleting a saved state") as (folder, secret),
            locked(folder, self.plugin),
        ):
            contents = self._catalogue.read(folder, secret)
            names = contents.files_of([label])
            if not names:
                raise self._not_found(label, contents.documents)
            for name in names:
                folder.unlink(name)
            self._tidy(folder, secret, limits=False)

    def gc(self) -> Collected:
        """Drop what is beyond the limits, and remove what nothing needs.

        That is: what crashes left behind, header files that are damaged, and content that no snapshot
        refers to. As long as a header file is of a newer format, all content is kept.

        :raises StoreError: the folder cannot be read or written.
        """
        with self._reading() as there:
            if there is None:
                return Collected()
        with (
            self._writing("cleaning up the saved states") as (folder, secret),
            locked(folder, self.plugin),
        ):
            before = _files(folder)
            for each in self._catalogue.read(folder, secret).found:
                if isinstance(each.document, CorruptSnapshotError):
                    folder.unlink(each.name)
            dropped = self._tidy(folder, secret, thorough=True)
            after = _files(folder)
        removed = tuple(name for name in before if name not in after)
        freed = sum(before.values()) - sum(after.values())
        return Collected(tuple(dropped), removed, freed)

    def _tidy(
        self,
        folder: Folder,
        secret: bytes,
        *,
        just_written: str | None = None,
        limits: bool = True,
        thorough: bool = False,
    ) -> list[str]:
        """Remove what is not needed, and return the labels that were dropped for the limits."""
        contents = self._catalogue.read(folder, secret)
        dropped = []
        if limits:
            entries = contents.entries().values()
            dropped = beyond_limits(
                entries, self.max_snapshots, self.max_bytes, contents.size_of, just_written
            )
        for name in [*contents.superseded(), *contents.files_of(dropped)]:
            folder.unlink(name)
        remove_leftovers(folder)
        contents = self._catalogue.read(folder, secret)
        if contents.problems():
            return dropped  # nobody knows what those need
        try:
            if thorough or much_is_dead(folder, contents):
                compact(folder, contents, secret)
        finally:
            packs.remove_unneeded(folder, self._catalogue.read(folder, secret).packs())
        return dropped

    @contextlib.contextmanager
    def _writing(self, doing: str) -> Iterator[tuple[Folder, bytes]]:
        """Give the folder, made if there is none, and the secret."""
        with told(self.plugin, doing, self.folder):
            secret = self._secret
            if not isinstance(secret, bytes):
                secret = load_secret(self.plugin, secret)
            with (
                Folder.make(self._root, self.plugin) as root,
                root.inside(self._name, self.plugin, make=True) as folder,
            ):
                yield folder, secret


def _write_missing(content: Content, known: packs.Places, writer: PackWriter) -> None:
    """Write the pieces that are neither ``known`` nor written already."""
    for part in content:
        for name, piece in part:
            if name not in known and name not in writer.places:
                writer.add(name, piece)


def _files(folder: Folder) -> dict[str, int]:
    """Return the names and sizes of what is in a folder."""
    sizes = {}
    for name in folder.names():
        with contextlib.suppress(FileNotFoundError):
            sizes[name] = folder.stat(name).st_size
    return sizes
