"""Reloading plugins when their files are saved."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Enum, Float
from traitlets.config import Configurable

from ..drift import EDITED, drift_of
from ..errors import PluginBusyError
from ..events import DriftEvent, Event, PhaseEvent
from ..phases import Outcome
from ..reload.source import QUIET
from ..report import ReloadReport
from .monitor import Monitor
from .postponed import Postponed
from .thread import LookingThread

if TYPE_CHECKING:
    from ..manager import PluginManager

log = logging.getLogger("themis_jupyter.watch")

BETWEEN_CELLS, IMMEDIATELY = "between cells", "immediately"
#: What a reload waits for most of the time.
THE_CELL, THE_NEXT_CELL = "the cell that is running", "the next cell"

#: Seconds that all files must have been left alone, where several may be saved together.
TOGETHER = 0.05
#: Seconds after which files that are written all the time are taken as they are.
PATIENCE = 1.0
#: Seconds after which a call in flight counts as a long one: shutting the gate would only make others wait.
LONG_CALL = 0.5


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """How one plugin is watched.

    :param how: in words; empty where it is not watched.
    :param drift: as of the last look; empty where the file is what runs.
    :param waiting: what its reload waits for; empty where none is due.
    :param last: what came of the last reload that came of itself.
    """

    name: str
    how: str
    drift: str = ""
    waiting: str = ""
    last: ReloadReport | None = None


class Watcher(Configurable):
    """Watches the files of loaded plugins, and reloads those that it is asked to when they are saved."""

    when = Enum(
        [BETWEEN_CELLS, IMMEDIATELY],
        BETWEEN_CELLS,
        help="When a saved plugin is reloaded while a cell is running.",
    ).tag(config=True)
    polling = Bool(
        False, help="Look at the files from time to time, where there are no file events."
    ).tag(config=True)
    poll_interval = Float(0.5, min=0.01, help="Seconds between two such looks.").tag(config=True)

    def __init__(self, manager: PluginManager, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.manager = manager
        self.cells = manager.cells
        self.monitor = Monitor(manager)
        #: Whether all plugins are watched, also those that are loaded later; but for ``_not``.
        self.all = False
        self._names: set[str] = set()
        self._not: set[str] = set()
        self._due: set[str] = set()
        self._postponed = Postponed()
        self._last: dict[str, ReloadReport] = {}
        self._fresh: dict[str, ReloadReport] = {}
        # For moments only; reloads keep apart by the lock of the cells, which are not to wait for this one.
        self._lock = threading.RLock()
        self._posted = False
        self._thread: LookingThread | None = None
        self._unsubscribe = [
            manager.events.subscribe(self._on_event),
            manager.pauses.on_end(lambda names: self.wake()),
        ]

    # -- what is watched -------------------------------------------------------------------------

    def watch(self, names: Iterable[str] | None = None) -> None:
        """Reload plugins when they are saved, and at once if they were since they were loaded.

        :param names: of loaded plugins; None for all, also those that are loaded later.
        """
        loaded = self.manager.list_loaded_plugins()
        if names is None:
            self.all = True
            self._not.clear()
        else:
            self._names.update(names)
            self._not.difference_update(self._names)
        self.monitor.look()
        drifts = self.monitor.drifts()
        self._note(name for name in loaded if _never_ran(drifts.get(name)))
        self._start()
        self.wake()

    def unwatch(self, names: Iterable[str] | None = None) -> None:
        """Leave plugins alone when they are saved.

        :param names: None for all.
        """
        if names is None:
            self.all = False
            self._names.clear()
            self._not.clear()
        else:
            given = set(names)
            self._names -= given
            self._not |= given if self.all else set()
        with self._lock:
            self._due = {name for name in self._due if self.is_watching(name)}
        if not self.all and not self._names:
            self._stop()

    def is_watching(self, name: str) -> bool:
        """Return whether a plugin is reloaded when it is saved."""
        return name in self._names or (self.all and name not in self._not)

    @property
    def active(self) -> bool:
        """True where any plugin is watched, or would be."""
        return self.all or bool(self._names)

    def close(self) -> None:
        """Stop watching; no thread is left."""
        self.unwatch()
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self.monitor.close()

    def _on_event(self, event: Event) -> None:
        # Other files are to be watched now. After a reload that shows at the next look, in time.
        if isinstance(event, PhaseEvent) and event.terminal and event.kind != "reload":
            self.wake()

    def status(self) -> list[WatchStatus]:
        """Return how each loaded plugin is watched."""
        self.monitor.look()
        self._note()
        drifts = self.monitor.drifts()
        return [
            WatchStatus(
                name,
                f"{self.when}, {self._how()}" if self.is_watching(name) else "",
                drifts[name].drift if name in drifts else "",
                self._waits_for(name),
                self._last.get(name),
            )
            for name in self.manager.list_loaded_plugins()
        ]

    # -- at the boundaries of cells --------------------------------------------------------------

    def before_cell(self) -> None:
        """Bring in what was saved before a cell that is about to run.

        :raises KeyboardInterrupt: Ctrl-C stopped that: the cell is not meant to run, either.
        """
        if self.active:
            self.monitor.look_between_cells()
            self._note()
            if self._due:
                self._settle(time.sleep)
                report = self._bring_in()
                if report is not None and isinstance(report.error, KeyboardInterrupt):
                    raise report.error

    def after_cell(self) -> None:
        """Look what was saved while a cell ran; let it be brought in."""
        self.monitor.look_between_cells()
        self._note()
        if self._due:
            self.wake()

    def notes(self) -> dict[str, str]:
        """Return, by plugin, in a sentence, what drifted and is not about to be brought in."""
        found = {}
        for name, event in self.monitor.drifts().items():
            waits_for = self._waits_for(name)
            if name not in self._due:
                found[name] = event.text
            elif waits_for not in ("", THE_CELL, THE_NEXT_CELL):
                found[name] = f"{name} runs an old version: its reload waits for {waits_for}"
        return found

    def _how(self) -> str:
        thread = self._thread
        return (
            thread.how
            if thread is not None
            else "looking before each cell, as there are no threads here"
        )

    def _waits_for(self, name: str) -> str:
        """Return what the reload of a plugin waits for; empty where none is due, or it is about to begin."""
        if name not in self._due:
            return ""
        if self.cells.running and self.when == BETWEEN_CELLS:
            return THE_CELL
        if self.when == BETWEEN_CELLS and self.cells.in_shell and self.cells.loop is None:
            return THE_NEXT_CELL
        return self._postponed.reasons.get(name, "")

    @property
    def has_news(self) -> bool:
        """True where there is something for :meth:`news_of` to tell."""
        return bool(self._fresh)

    def news_of(self, name: str) -> ReloadReport | None:
        """Return, once, what came of the last reload of a plugin that came of itself."""
        return self._fresh.pop(name, None)

    def wake(self) -> None:
        """Let the thread look now."""
        thread = self._thread
        if thread is not None:
            thread.wake()

    # -- the thread ------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        thread = LookingThread(
            self.monitor,
            self._look,
            self._should_try_again,
            polling=self.polling,
            interval=self.poll_interval,
        )
        try:
            thread.start()
        except RuntimeError:  # there are no threads here, as in JupyterLite
            return
        self._thread = thread

    def _stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.end()

    def _should_try_again(self) -> bool:
        """Whether something is due that no event will tell us of: the end of a cell does."""
        cells = self.cells
        by_cells = self.when == BETWEEN_CELLS and cells.in_shell
        return bool(self._due) and not (by_cells and (cells.running or cells.loop is None))

    def _look(self, wait: Callable[[float], bool]) -> None:
        self.monitor.look()
        self._note()
        if self._due:
            self._settle(wait)
            self._hand_over()

    # -- reloading -------------------------------------------------------------------------------

    def _note(self, names: Iterable[str] = ()) -> None:
        """Take note of plugins to reload, and of those of which files changed."""
        with self._lock:
            found = {*names, *self.monitor.take_changed()}
            self._due.update(name for name in found if self.is_watching(name))

    def _settle(self, wait: Callable[[float], object]) -> None:
        """Wait until nobody writes any more; what is saved together comes in together."""
        quiet = TOGETHER if len(self.monitor) > 1 else QUIET
        began = time.monotonic()
        while (left := quiet - self.monitor.quiet_for()) > 0:
            if time.monotonic() - began > PATIENCE or wait(left):
                return
            self.monitor.look()
            self._note()

    def _hand_over(self) -> None:
        """Have what is due brought in, in the thread where that is best.

        Between cells it is the one that cells run in, as with a reload that a cell asks for: what a plugin
        opens then, such as a connection to a database, can be bound to its thread.
        """
        if self.when == IMMEDIATELY or not self.cells.in_shell:
            self._bring_in()
        elif not self._posted and not self.cells.running:
            self._posted = self.cells.post(self._bring_in_posted)

    def _bring_in_posted(self) -> None:
        self._posted = False
        try:
            self._bring_in()
        except KeyboardInterrupt:  # nothing is left half done, and a kernel must not end of it
            log.warning("the reload of what was saved was interrupted")
        except Exception:
            log.exception("the reload of what was saved failed")

    def _bring_in(self) -> ReloadReport | None:
        """Reload what is due, if this is a moment for it."""
        with self.cells.between() as free:
            if free or self.when == IMMEDIATELY:
                return self._reload_due()
            return None

    def _reload_due(self) -> ReloadReport | None:
        with self._lock:  # what is saved from here on is due again
            due, self._due = self._due, set()
        report = None
        try:
            names = [name for name in self.manager.list_loaded_plugins() if name in due]
            names = [name for name in names if self._wanted(name)]
            due = set(names)
            busy = {name: why for name in names if (why := self._busy(name))}
            names = self._postponed.choose(names, busy)
            if names:
                report = self.manager.reload_plugins(names, cascade=True)
            if report is not None and not isinstance(report.error, PluginBusyError):
                due.difference_update(names)
        finally:
            self._note(due)
        if report is None:
            return None
        if isinstance(report.error, PluginBusyError):
            self._postponed.reasons |= dict.fromkeys(names, "calls in flight")
            return report
        for name in names:
            self._last[name] = report
            if report.outcome is not Outcome.UNCHANGED:
                self._fresh[name] = report
        self.monitor.look()  # what was saved meanwhile
        self._note()
        self._postponed.reloaded(names, self._due)
        return report

    def _wanted(self, name: str) -> bool:
        """Whether a reload would do anything. A file that is gone is waited for."""
        record = self.manager.find_record(name)
        if record is None or not record.is_loaded:
            return False
        due = record.failure is not None or drift_of(record) != ""
        return due and os.path.exists(record.candidate.path)  # also where that is not permitted

    def _busy(self, name: str) -> str:
        """Return what a reload of a plugin would have to wait for, in words."""
        rest = self._postponed.rest_of(name)
        if rest:
            return rest
        pauses = self.manager.pauses.of(name)
        if pauses:
            return str(pauses[0])
        record = self.manager.find_record(name)
        calls = record.gate.in_flight() if record is not None else []
        long = [call for call in calls if call.age > LONG_CALL]
        return str(long[0]) if long else ""


def _never_ran(event: DriftEvent | None) -> bool:
    return event is not None and event.drift == EDITED
