"""The thread that looks at the files whenever the operating system, or the time, says so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from .monitor import Monitor
from .wakeups import FileEvents, NoFileEventsError, Polls, Wakeups

log = logging.getLogger("themis_jupyter.watch")

#: Seconds between two looks where no event has come.
HEARTBEAT = 2.0
#: Seconds after which something that could not be done is tried again.
AGAIN = 0.25


class LookingThread(threading.Thread):
    """Looks until :meth:`end`.

    :param look: looks once; given what waits, and tells whether it is the end.
    :param impatient: whether to look again soon.
    :param interval: seconds between two looks where there are no events.
    :ivar how: it learns of changes, in words.
    """

    def __init__(
        self,
        monitor: Monitor,
        look: Callable[[Callable[[float], bool]], object],
        impatient: Callable[[], bool],
        *,
        polling: bool,
        interval: float,
    ) -> None:
        super().__init__(name="themis_jupyter watch", daemon=True)
        self.how = "by polling" if polling else "by file events"
        self._monitor = monitor
        self._do_look = look
        self._impatient = impatient
        self._polling = polling
        self._interval = interval
        self._wake = threading.Event()
        self._ended = threading.Event()

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def end(self) -> None:
        """End, and wait for that, unless this is the thread itself."""
        self._ended.set()
        self._wake.set()
        if self is not threading.current_thread():
            self.join(2 * HEARTBEAT)

    def run(self) -> None:
        """Look until the end."""
        while not self._ended.is_set():
            try:
                self._watch_folders()
            except FileNotFoundError:  # a folder went away between two steps
                self._ended.wait(AGAIN)
            except NoFileEventsError as error:
                self._polling = True
                self.how = f"by polling, as there are no file events: {error}"
                log.warning("files are looked at every %g s: %s", self._interval, error)
            except Exception:
                log.exception("watching files failed; it goes on")
                self._ended.wait(HEARTBEAT)

    def _watch_folders(self) -> None:
        """Look whenever it is time to, until other folders are to be watched."""
        folders = self._monitor.folders()
        with closing(self._wakeups([folder for folder, _ in folders])) as wakeups:
            while not self._ended.is_set():
                self._wake.clear()
                self._do_look(self._ended.wait)
                if self._monitor.folders() != folders:
                    return
                if self._ended.is_set():  # before the event was cleared, perhaps
                    return
                wakeups.wait(self._wake, AGAIN if self._impatient() else HEARTBEAT)

    def _wakeups(self, folders: list[Path]) -> Wakeups:
        return Polls(self._interval) if self._polling else FileEvents(folders)
