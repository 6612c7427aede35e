"""What keeps snapshots: a mapping from labels, in the order of saving, with limits."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass

from ..errors import (
    IncompatibleSnapshotError,
    SnapshotNotFoundError,
    StateError,
    did_you_mean,
)
from ..names import check_plugin_name
from .header import Header
from .snapshot import Snapshot

MAX_SNAPSHOTS = 20
MAX_BYTES = 4 * 2**30
MAX_LABEL = 200  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """What a store tells of a snapshot without loading it.

    :param named: the user chose the label, so it is dropped after those that were saved on their own.
    :param trusted: it is signed with this user's secret. Where it is not, nothing in here is proven.
    :param sequence: grows with each saving.
    """

    label: str
    header: Header
    named: bool
    trusted: bool = True
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Collected:
    """What :meth:`SnapshotStore.gc` did.

    :param dropped: labels of the snapshots that were beyond the limits.
    :param removed: names of files that nothing needs any more.
    :param freed: bytes of disk space.
    """

    dropped: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    freed: int = 0


class SnapshotStore(MutableMapping[str, Snapshot]):
    """Snapshots of one plugin by label, those saved first coming first.

    Saving under a label that exists replaces that snapshot, which then comes last. Reading a snapshot
    loads its bytes, but never unpickles them.

    :param plugin: name of the plugin; snapshots of others are refused.
    :param max_snapshots: how many are kept; None for any number.
    :param max_bytes: how much they may take; None for no limit. What snapshots share counts once.
    :raises ValueError: a limit is not positive, or there can be no plugin of that name.

    Where a limit is passed, the oldest are dropped: first those that got their label from
    :meth:`save`, then those that the user named; never the one that was just written.
    """

    def __init__(
        self,
        plugin: str,
        *,
        max_snapshots: int | None = MAX_SNAPSHOTS,
        max_bytes: int | None = MAX_BYTES,
    ) -> None:
        for limit in (max_snapshots, max_bytes):
            if limit is not None and limit < 1:
                raise ValueError(f"a limit of {limit} leaves no room for a snapshot")
        self.plugin = check_plugin_name(plugin)
        self.max_snapshots = max_snapshots
        self.max_bytes = max_bytes

    @abstractmethod
    def entries(self) -> dict[str, Entry]:
        """Return what can be told of each snapshot without loading it, in the order of saving.

        :raises StateError: the store cannot be read.
        """

    @abstractmethod
    def load(self, label: str, *, trust: bool = False) -> Snapshot:
        """Return a snapshot, its bytes checked.

        :param trust: also if it is not signed with this user's secret. Loading a snapshot runs what
            is in it, so show the user its header first.
        :raises SnapshotNotFoundError: there is none under that label.
        :raises UntrustedSnapshotError: it is foreign or altered, and ``trust`` is not given.
        :raises StateError: it cannot be read.
        """

    @abstractmethod
    def save(self, snapshot: Snapshot, label: str | None = None) -> str:
        """Keep a snapshot, and return its label.

        :param label: None for one that is not in use, such as ``auto-12``.
        :raises StateError: it cannot be kept; the store is as it was before.
        """

    @abstractmethod
    def gc(self) -> Collected:
        """Drop what is beyond the limits, and remove what nothing needs any more.

        :raises StateError: the store cannot be read or written.
        """

    def headers(self) -> dict[str, Header]:
        """Return the header of each snapshot, in the order of saving, without loading any.

        :raises StateError: the store cannot be read.
        """
        return {label: entry.header for label, entry in self.entries().items()}

    def newest(self) -> str | None:
        """Return the label of the trusted snapshot that was saved last, or None.

        :raises StateError: the store cannot be read.
        """
        good = [
            label
            for label, entry in self.entries().items()
            if entry.trusted and entry.header.plugin == self.plugin
        ]
        return good[-1] if good else None

    def __getitem__(self, label: str) -> Snapshot:
        """Return a snapshot, its bytes checked; as :meth:`load` without trust."""
        return self.load(label)

    def __setitem__(self, label: str, snapshot: Snapshot) -> None:
        """Keep a snapshot under a label of the user's; as :meth:`save`."""
        self.save(snapshot, check_label(self.plugin, label))

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())

    # What MutableMapping brings would load the snapshots.
    def __contains__(self, label: object) -> bool:
        return label in self.entries()

    def clear(self) -> None:
        """Remove all snapshots."""
        for label in self.entries():
            self.pop_quietly(label)

    def pop_quietly(self, label: str) -> bool:
        """Remove a snapshot without loading it, and return whether there was one."""
        try:
            del self[label]
        except SnapshotNotFoundError:
            return False
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.plugin!r}>"

    def _not_found(self, label: object, known: Iterable[str]) -> SnapshotNotFoundError:
        known = list(known)
        there = f"; there are: {', '.join(map(repr, known))}" if known else "; there is none at all"
        hint = did_you_mean(str(label), known)
        return SnapshotNotFoundError(
            self.plugin, f"no snapshot of {self.plugin!r} is called {label!r}{hint or there}."
        )

    def _check(self, snapshot: Snapshot) -> None:
        if snapshot.plugin != self.plugin:
            raise other_plugin(self.plugin, snapshot.plugin)


class MemoryStore(SnapshotStore):
    """Keeps the snapshots of one plugin in this process. Threads may share it."""

    def __init__(
        self,
        plugin: str,
        *,
        max_snapshots: int | None = MAX_SNAPSHOTS,
        max_bytes: int | None = MAX_BYTES,
    ) -> None:
        super().__init__(plugin, max_snapshots=max_snapshots, max_bytes=max_bytes)
        self._lock = threading.RLock()
        self._kept: dict[str, tuple[Entry, Snapshot]] = {}
        self._sequence = 0

    def entries(self) -> dict[str, Entry]:
        """Return what can be told of each snapshot without loading it, in the order of saving."""
        with self._lock:
            return {label: entry for label, (entry, _) in self._kept.items()}

    def load(self, label: str, *, trust: bool = False) -> Snapshot:
        """Return a snapshot. Those in memory are always trusted.

        :raises SnapshotNotFoundError: there is none under that label.
        """
        with self._lock:
            if label not in self._kept:
                raise self._not_found(label, self._kept)
            return self._kept[label][1]

    def save(self, snapshot: Snapshot, label: str | None = None) -> str:
        """Keep a snapshot, and return its label; see :meth:`SnapshotStore.save`."""
        self._check(snapshot)
        with self._lock:
            self._sequence += 1
            named = label is not None
            label = (
                auto_label(self._sequence, self._kept)
                if label is None
                else check_label(self.plugin, label)
            )
            self._kept.pop(label, None)
            entry = Entry(label, snapshot.header, named, sequence=self._sequence)
            self._kept[label] = (entry, snapshot)
            self._drop(just_written=label)
            return label

    def __delitem__(self, label: str) -> None:
        with self._lock:
            if label not in self._kept:
                raise self._not_found(label, self._kept)
            del self._kept[label]

    def gc(self) -> Collected:
        """Drop what is beyond the limits."""
        with self._lock:
            return Collected(dropped=tuple(self._drop()))

    def _drop(self, just_written: str | None = None) -> list[str]:
        dropped = beyond_limits(
            [entry for entry, _ in self._kept.values()],
            self.max_snapshots,
            self.max_bytes,
            lambda labels: sum(content_size(self._kept[label][1]) for label in labels),
            just_written,
        )
        for label in dropped:
            del self._kept[label]
        return dropped


def content_size(snapshot: Snapshot) -> int:
    """Return the bytes of a snapshot's content, counted rather than taken from its header."""
    return sum(memoryview(part).nbytes for part in (snapshot.data, *snapshot.buffers))


def beyond_limits(
    entries: Iterable[Entry],
    max_snapshots: int | None,
    max_bytes: int | None,
    size: Callable[[Iterable[str]], int],
    just_written: str | None = None,
) -> list[str]:
    """Return the labels of what is to be dropped, the first to go coming first.

    :param size: returns the bytes that the snapshots of these labels take together.
    :param just_written: label of the one that stays whatever it takes; None for that saved last.
    """
    ordered = sorted(entries, key=lambda entry: entry.sequence)
    if not ordered:
        return []
    stays = just_written if just_written is not None else ordered[-1].label
    kept = {entry.label: None for entry in ordered}
    dropped: list[str] = []
    for entry in sorted(ordered, key=lambda entry: (entry.named, entry.sequence)):
        too_many = max_snapshots is not None and len(kept) > max_snapshots
        if not too_many and (max_bytes is None or size(kept) <= max_bytes):
            break
        if entry.label != stays:
            del kept[entry.label]
            dropped.append(entry.label)
    return dropped


def auto_label(sequence: int, taken: Iterable[str]) -> str:
    """Return a label for a snapshot that nobody named."""
    label = f"auto-{sequence}"
    while label in taken:
        label += "+"
    return label


def is_label(label: object) -> bool:
    """Return whether a snapshot may be called so."""
    return isinstance(label, str) and 0 < len(label) <= MAX_LABEL and label.isprintable()


def check_label(plugin: str, label: str) -> str:
    """Return ``label`` if a snapshot may be called so.

    :raises StateError: it may not.
    """
    if not is_label(label):
        raise StateError(
            plugin,
            f"a snapshot of {plugin!r} cannot be called {label!r:.80}. A label is a text of 1 to "
            f"{MAX_LABEL} characters without line breaks and control characters; choose another.",
        )
    return label


def other_plugin(wanted: str, found: str, where: object = "") -> IncompatibleSnapshotError:
    """Return the error that says that a snapshot is of another plugin."""
    return IncompatibleSnapshotError(
        wanted,
        f"this snapshot holds the state of {found!r}, not of {wanted!r}{where and f' ({where})'}. "
        f"Use it with {found!r}.",
    )
