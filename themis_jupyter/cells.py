"""When a reload may come of itself: between cells, and not in the middle of one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .turns import TURNS

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger("themis_jupyter.watch")


class Cells:
    """Keeps cells and reloads that come of themselves apart.

    Where there are no cells, as in a script, each moment is one between cells.

    :param notice: seconds after which a cell that waits for a reload says so.
    """

    def __init__(self, notice: float = 2.0) -> None:
        # The same thread may take it twice: the code of a plugin may run a cell.
        self._lock = threading.RLock()
        self._running = 0
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
            cell runs.
        """
        # Who has the turn to reload and runs a cell must not wait for somebody who waits for the turn.
        if TURNS.is_mine:
            self._running += 1
            return
        try:
            with self._taken():
                if before is not None and not self._running:
                    before()
        finally:  # also after Ctrl-C: the cell runs all the same
            self._running += 1

    def end(self) -> None:
        """A cell has ended. One whose beginning nobody saw does not count."""
        self._running = max(self._running - 1, 0)

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
    def _taken(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=self._notice):
            log.warning("this cell waits for a reload to end, which began when a file was saved")
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()
