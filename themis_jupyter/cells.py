"""When a reload may come of itself: between cells, and not in the middle of one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .interrupts import InterruptGuard
from .turns import TURNS, WAITING

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger("themis_jupyter.watch")

# How often a cell that waits looks whether Ctrl-C was pressed, in seconds.
_POLL = 0.1


class Cells:
    """Keeps cells and reloads that come of themselves apart.

    Where there are no cells, as in a script, each moment is one between cells.

    :param notice: seconds after which a cell that waits for a reload says so.
    """

    def __init__(self, notice: float = 2.0) -> None:
        # The same thread may take it twice: the code of a plugin may run a cell.
        self._lock = threading.RLock()
        self._running = 0
        self._count = threading.Lock()  # a kernel's subshells run cells at the same time
        self._notice = notice
        #: Whether a shell tells of its cells; in a script nobody does.
        self.in_shell = False
        #: Runs in the thread that cells run in, and is idle between them; None where there is none.
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def running(self) -> bool:
        """True while a cell runs."""
        return self._running > 0

    def begin(self, before: Callable[[], object] | None = None) -> None:
        """A cell is about to run: wait for a reload that has begun.

        :param before: what is to be done while it is still a moment between cells; not for a cell that another
            cell runs. None where nothing is watched, so that no reload comes of itself, and none is waited for.
        :raises KeyboardInterrupt: Ctrl-C was pressed meanwhile. The cell counts as one that runs.
        """
        # Who has the turn to reload and runs a cell must not wait for somebody who waits for the turn.
        if before is None or TURNS.is_mine:
            self._add(1)
            return
        counted = False
        try:
            # Ctrl-C must not come between: the lock would be left behind.
            with InterruptGuard() as guard, self._taken(guard):
                try:
                    if not self._running:
                        before()
                finally:  # before the lock is free: the next reload is to see it
                    counted = True
                    self._add(1)
        finally:
            if not counted:  # Ctrl-C while it waited; its end will be told all the same
                self._add(1)

    def end(self) -> None:
        """A cell has ended. One whose beginning nobody saw does not count."""
        self._add(-1)

    def _add(self, number: int) -> None:
        with self._count:
            self._running = max(self._running + number, 0)

    def post(self, function: Callable[[], object]) -> bool:
        """Have a function called soon in the thread that cells run in; return False where that cannot be.

        Whether a cell is running then, ask :meth:`between`.
        """
        loop = self.loop
        if loop is None:
            return False
        try:
            loop.call_soon_threadsafe(function)
        except RuntimeError:  # closed
            return False
        return True

    @contextmanager
    def between(self) -> Iterator[bool]:
        """Give whether no cell is running. While the body runs, none begins."""
        with self._lock:
            yield not self._running

    @contextmanager
    def _taken(self, guard: InterruptGuard) -> Iterator[None]:
        if not self._lock.acquire(timeout=_POLL):
            self._wait(guard)
        try:
            yield
        finally:
            self._lock.release()

    def _wait(self, guard: InterruptGuard) -> None:
        here, told, since = threading.get_ident(), False, time.monotonic()
        WAITING.add(here)
        try:
            while not self._lock.acquire(timeout=_POLL):
                guard.check()
                if not told and time.monotonic() - since >= self._notice:
                    told = True
                    log.warning(
                        "this cell waits for a reload to end, which began when a file was saved"
                    )
        finally:
            WAITING.discard(here)
