"""One operation at a time: who comes second waits, and says so after a while."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ReentrantReloadError
from .interrupts import InterruptGuard

log = logging.getLogger("themis_jupyter.manager")

# How often who waits looks whether Ctrl-C was pressed, in seconds.
_POLL = 0.1


class Turns:
    """A lock that knows who holds it and for what."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._what = ""

    @property
    def is_mine(self) -> bool:
        """True where the current thread holds the turn."""
        return self._owner == threading.get_ident()

    @contextmanager
    def take(self, what: str, guard: InterruptGuard, notice: float = 2.0) -> Iterator[None]:
        """Hold the turn while the body runs.

        :param what: such as ``the reload of 'counter'``.
        :param guard: holds interrupts back, so that the lock is never left behind; while it waits,
            Ctrl-C acts.
        :param notice: seconds after which a wait is logged.
        :raises ReentrantReloadError: this very thread holds it: a listener or a plugin's own method
            asked for ``what``.
        """
        if self.is_mine:
            raise ReentrantReloadError(
                f"{what} was asked for from inside {self._what}, by one of its listeners or by the "
                "plugin's own code. Wait until that has ended, for example in the next cell."
            )
        told, since = False, time.monotonic()
        while not self._lock.acquire(timeout=_POLL):
            guard.check()
            if not told and time.monotonic() - since >= notice:
                told = True
                log.warning("%s waits for %s to end", what, self._what or "another operation")
        try:
            self._owner, self._what = threading.get_ident(), what
            yield
        finally:
            self._owner, self._what = None, ""
            self._lock.release()


#: Of all managers: a reload sets the garbage collector aside, and there is one of that.
TURNS = Turns()

#: Threads that wait for a reload to end before they run a cell: what they hold suspended cannot end meanwhile.
WAITING: set[int] = set()
