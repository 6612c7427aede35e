"""Whose files changed, and how far the loaded plugins have drifted from theirs."""

from __future__ import annotations

import stat
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..drift import drift_of, drift_text
from ..events import DriftEvent, Event, PhaseEvent
from ..interrupts import InterruptGuard
from ..record import Record, source_hash
from .looks import Looks

if TYPE_CHECKING:
    from ..inventory import Inventory

# Looking at files between cells may always take so long, in seconds; where there are so many that it takes
# longer, at most this part of the time goes into it.
_CHEAP, _SHARE = 100e-6, 0.01
# So many looks have to be measured before that is believed.
_ENOUGH = 3


class Monitor:
    """Looks at the files of loaded plugins, and tells the event stream of their drift."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._looks = Looks()
        self._lock = threading.Lock()
        self._files: dict[str, list[Path]] = {}
        self._folders: set[Path] = set()
        self._modules = -1
        #: Plugins that something was done with since the last look.
        self._touched: set[str] = set()
        #: Plugins of what has not ended yet, by the number of the operation.
        self._begun: dict[int, set[str]] = {}
        self._stale = True
        self._changed: set[str] = set()
        self._drifts: dict[str, DriftEvent] = {}
        #: When the last look ended, and how long one takes in which nothing is found.
        self._looked, self._takes = 0.0, 0.0
        #: How many looks that was measured in: a single one may have waited for the processor.
        self._measured = 0
        self._unsubscribe = inventory.events.subscribe(self._on_event)

    def close(self) -> None:
        """Hear no more events."""
        self._unsubscribe()

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, PhaseEvent):
            return
        # The event that ends a reload of several plugins names the first of them.
        self._begun.setdefault(event.operation, set()).add(event.plugin)
        if event.terminal:
            self._touched |= self._begun.pop(event.operation)
            self._stale = True

    # -- files -----------------------------------------------------------------------------------

    def look(self) -> None:
        """Look at all files; :meth:`take_changed` tells of which plugins one has other contents than before."""
        # Ctrl-C in between would leave a change as seen that nobody was told of.
        with InterruptGuard(), self._lock:
            self._follow()
            began = time.perf_counter()
            changed = self._looks.changed()
            self._looked = time.perf_counter()
            if not changed:  # the shortest counts: the others waited for the processor
                self._takes = min(self._takes or 1.0, self._looked - began)
                self._measured += 1
            names = {name for name, files in self._files.items() if changed.intersection(files)}
            self._changed |= names
            touched, self._touched = self._touched, set()
            told = self._update_drifts(names | touched)
        for event in told:
            self._inventory.events.emit(event)

    def take_changed(self) -> set[str]:
        """Return, once, the plugins of which files were seen to have changed."""
        changed, self._changed = self._changed, set()
        return changed

    def look_between_cells(self) -> None:
        """Look, unless the last look is so near that looking would take up a noticeable part of the time."""
        idle = time.perf_counter() - self._looked
        cheap = self._takes <= _CHEAP or self._measured < _ENOUGH
        if cheap or self._stale or idle >= self._takes / _SHARE:
            self.look()

    def folders(self) -> frozenset[tuple[Path, int]]:
        """Return the folders in which changes of the files show, each with what tells it from another one.

        Of a folder that is gone, it is what is left above it: there it shows when it is back.
        """
        with self._lock:
            self._follow()
            wanted = set(self._folders)
        found: set[tuple[Path, int]] = set()
        for folder in wanted:
            here = folder
            while (number := _number(here)) is None and here != here.parent:
                here = here.parent
            found.add((here, number or 0))
        return frozenset(found)

    def quiet_for(self) -> float:
        """Return how long ago the last of the files was written, in seconds."""
        with self._lock:
            return self._looks.quiet_for()

    def __len__(self) -> int:
        """Number of files."""
        return len(self._looks)

    def _follow(self) -> None:
        """Bring the list of files up to date: a package may have imported more of its modules."""
        modules = len(sys.modules)
        if not self._stale and modules == self._modules:
            return
        self._stale, self._modules, self._takes = False, modules, 0.0
        self._measured = 0
        names = self._inventory.list_loaded_plugins()
        records = [r for r in map(self._inventory.find_record, names) if r is not None]
        known = {record.name: _files_of(record) for record in records}
        files = {name: list(paths) for name, paths in known.items()}
        self._touched.update(n for n, paths in files.items() if paths != self._files.get(n))
        self._files = files
        hashes = {path: sha256 for each in known.values() for path, sha256 in each.items()}
        self._folders = {each.parent for path in hashes for each in (path, _real(path))}
        self._looks.follow(hashes)

    # -- drift -----------------------------------------------------------------------------------

    def drifts(self) -> dict[str, DriftEvent]:
        """Return, by plugin, what has drifted as of the last look."""
        return {name: event for name, event in list(self._drifts.items()) if event.drift}

    def _update_drifts(self, names: set[str]) -> list[DriftEvent]:
        """Work the drift of these plugins out; return what is new."""
        told = []
        for name in names:
            record = self._inventory.find_record(name)
            if record is None or not record.is_loaded:
                self._drifts.pop(name, None)
                continue
            word = drift_of(record)
            event = DriftEvent(name, word, drift_text(record, word), time.time())
            known = self._drifts.get(name)
            if (event.drift, event.text) != ((known.drift, known.text) if known else ("", "")):
                told.append(event)
            self._drifts[name] = event
        return told


def _files_of(record: Record) -> dict[Path, str | None]:
    """Return the files of a plugin, each with the hash of what it runs of them, where that is known."""
    files: dict[Path, str | None] = {}
    for module in record.modules:
        if module.__file__:
            files[Path(module.__file__)] = source_hash(module) or None
    if record.candidate.is_package:
        files[record.candidate.path.parent / "plugin.json"] = None
    return files


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a circle of links
        return path


def _number(folder: Path) -> int | None:
    """Return the number of a folder in its file system; None where there is no folder."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_ino if stat.S_ISDIR(status.st_mode) else None
