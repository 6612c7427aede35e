"""Reloading plugins when their files are saved."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
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
from .wakeups import FileEvents, NoFileEventsError, Polls, Wakeups

if TYPE_CHECKING:
    from ..manager import PluginManager

log = logging.getLogger("themis_jupyter.watch")

BETWEEN_CELLS, IMMEDIATELY = "between cells", "immediately"

#: Seconds that all files must have been left alone, where several may be saved together.
TOGETHER = 0.05
#: Seconds after which files that are written all the time are taken as they are.
PATIENCE = 1.0
#: Seconds between two looks where no event has come.
HEARTBEAT = 2.0
#: Seconds after which a call in flight counts as a long one: shutting the gate would only make others wait.
LONG_CALL = 0.5
#: Seconds after which a reload that could not be is tried again.
AGAIN = 0.25


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
        self._waiting: dict[str, str] = {}
        self._last: dict[str, ReloadReport] = {}
        self._fresh: dict[str, ReloadReport] = {}
        self._lock = threading.RLock()
        self._posted = False
        self._wake = threading.Event()
        self._thread: _Thread | None = None
        self._how = ""
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
        self._note(self.monitor.look())
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
        self._note(self.monitor.look())
        drifts = self.monitor.drifts()
        return [
            WatchStatus(
                name,
                f"{self.when}, {self._how}" if self.is_watching(name) else "",
                drifts[name].drift if name in drifts else "",
                self._waiting.get(name, "") if name in self._due else "",
                self._last.get(name),
            )
            for name in self.manager.list_loaded_plugins()
        ]

    # -- at the boundaries of cells --------------------------------------------------------------

    def before_cell(self) -> None:
        """Bring in what was saved before a cell that is about to run."""
        if self.active:
            with self._lock:
                self._note(self.monitor.look_between_cells())
                if self._due:
                    self._settle(time.sleep)
                    self._bring_in()

    def after_cell(self) -> None:
        """Look what was saved while a cell ran; let it be brought in."""
        self._note(self.monitor.look_between_cells())
        if self._due:
            self.wake()

    def notes(self) -> dict[str, str]:
        """Return, by plugin, in a sentence, what drifted and is not about to be brought in."""
        return {
            name: event.text
            for name, event in self.monitor.drifts().items()
            if name not in self._due
        }

    @property
    def has_news(self) -> bool:
        """True where there is something for :meth:`news_of` to tell."""
        return bool(self._fresh)

    def news_of(self, name: str) -> ReloadReport | None:
        """Return, once, what came of the last reload of a plugin that came of itself."""
        return self._fresh.pop(name, None)

    def wake(self) -> None:
        """Let the thread look now."""
        self._wake.set()

    # -- the thread ------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._how = "by polling" if self.polling else "by file events"
        thread = _Thread(self._run)
        try:
            thread.start()
        except RuntimeError:  # there are no threads here, as in JupyterLite
            self._how = "looking before each cell, as there are no threads here"
            return
        self._thread = thread

    def _stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.ended.set()
        self._wake.set()
        if thread is not threading.current_thread():
            thread.join(2 * HEARTBEAT)

    def _run(self, ended: threading.Event) -> None:
        while not ended.is_set():
            try:
                self._watch_folders(ended)
            except FileNotFoundError:  # a folder went away between two steps
                ended.wait(AGAIN)
            except NoFileEventsError as error:
                self._how = f"by polling, as there are no file events: {error}"
                log.warning("files are looked at every %g s: %s", self.poll_interval, error)
            except Exception:
                log.exception("watching files failed; it goes on")
                ended.wait(HEARTBEAT)

    def _watch_folders(self, ended: threading.Event) -> None:
        """Look whenever it is time to, until other folders are to be watched."""
        folders = self.monitor.folders()
        with self._wakeups([folder for folder, _ in folders]) as wakeups:
            while not ended.is_set():
                self._wake.clear()
                self._look(ended)
                if self.monitor.folders() != folders:
                    return
                if ended.is_set():  # before the event was cleared, perhaps
                    return
                wakeups.wait(self._wake, AGAIN if self._should_try_again() else HEARTBEAT)

    def _should_try_again(self) -> bool:
        """Whether something is due that no event will tell us of: the end of a cell does."""
        cells = self.cells
        by_cells = self.when == BETWEEN_CELLS and cells.in_shell
        return bool(self._due) and not (by_cells and (cells.running or cells.loop is None))

    def _wakeups(self, folders: list[Path]) -> Wakeups:
        if self.polling or self._how.startswith("by polling"):
            return Polls(self.poll_interval)
        return FileEvents(folders)

    def _look(self, ended: threading.Event) -> None:
        self._note(self.monitor.look())
        if self._due:
            self._settle(ended.wait)
            self._hand_over()

    # -- reloading -------------------------------------------------------------------------------

    def _note(self, changed: Iterable[str]) -> None:
        with self._lock:
            self._due.update(name for name in changed if self.is_watching(name))

    def _settle(self, wait: Callable[[float], object]) -> None:
        """Wait until nobody writes any more; what is saved together comes in together."""
        quiet = TOGETHER if len(self.monitor) > 1 else QUIET
        began = time.monotonic()
        while (left := quiet - self.monitor.quiet_for()) > 0:
            if time.monotonic() - began > PATIENCE or wait(left):
                return
            self._note(self.monitor.look())

    def _hand_over(self) -> None:
        """Have what is due brought in, in the thread where that is best.

        Between cells it is the one that cells run in, as with a reload that a cell asks for: what a plugin
        opens then, such as a connection to a database, can be bound to its thread.
        """
        if self.when == IMMEDIATELY or not self.cells.in_shell:
            self._bring_in()
        elif self.cells.running:
            self._waiting = dict.fromkeys(self._due, "the cell that is running")
        elif not self._posted:
            self._posted = self.cells.post(self._bring_in_posted)
            if not self._posted:
                self._waiting = dict.fromkeys(self._due, "the next cell")

    def _bring_in_posted(self) -> None:
        self._posted = False
        try:
            self._bring_in()
        except KeyboardInterrupt:  # nothing is left half done, and a kernel must not end of it
            log.warning("the reload of what was saved was interrupted")
        except Exception:
            log.exception("the reload of what was saved failed")

    def _bring_in(self) -> None:
        """Reload what is due, if this is a moment for it."""
        if self.when == IMMEDIATELY:
            self._reload_due()
            return
        with self.cells.between() as free:
            if free:
                self._reload_due()
            else:
                self._waiting = dict.fromkeys(self._due, "the cell that is running")

    def _reload_due(self) -> None:
        with self._lock:
            names = [name for name in self.manager.list_loaded_plugins() if name in self._due]
            names = [name for name in names if self._wanted(name)]
            self._due = set(names)
            busy = {name: why for name in names if (why := self._busy(name))}
            if busy:
                self._waiting = busy
                return
            if not names:
                return
            self._due -= set(names)
            report = self.manager.reload_plugins(names, cascade=True)
            if isinstance(report.error, PluginBusyError):
                self._due |= set(names)
                self._waiting = dict.fromkeys(names, "calls in flight")
                return
            for name in names:
                self._last[name] = report
                if report.outcome is not Outcome.UNCHANGED:
                    self._fresh[name] = report
            self._note(self.monitor.look())  # what was saved meanwhile

    def _wanted(self, name: str) -> bool:
        """Whether a reload would do anything. A file that is gone is waited for."""
        record = self.manager.find_record(name)
        if record is None or not record.is_loaded:
            return False
        due = record.failure is not None or drift_of(record) != ""
        return due and record.candidate.path.exists()

    def _busy(self, name: str) -> str:
        """Return what a reload of a plugin would have to wait for, in words."""
        pauses = self.manager.pauses.of(name)
        if pauses:
            return str(pauses[0])
        record = self.manager.find_record(name)
        calls = record.gate.in_flight() if record is not None else []
        long = [call for call in calls if call.age > LONG_CALL]
        return str(long[0]) if long else ""


class _Thread(threading.Thread):
    """The thread that looks; it is told of its end by an event of its own."""

    def __init__(self, run: Callable[[threading.Event], None]) -> None:
        super().__init__(name="themis_jupyter watch", daemon=True)
        self.ended = threading.Event()
        self._do = run

    def run(self) -> None:
        """Look until the end."""
        self._do(self.ended)


def _never_ran(event: DriftEvent | None) -> bool:
    return event is not None and event.drift == EDITED
