"""One operation at a time: who comes second waits, and says so after a while."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ReentrantReloadError

log = logging.getLogger("themis_jupyter.manager")


class Turns:
    """A lock that knows who holds it and for what.

    :param notice: seconds after which a wait is logged.
    """

    def __init__(self, notice: float = 2.0) -> None:
        self.notice = notice
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._what = ""

    @contextmanager
    def take(self, what: str) -> Iterator[None]:
        """Hold the turn while the body runs.

        :param what: such as ``the reload of 'counter'``.
        :raises ReentrantReloadError: this very thread holds it: a listener or a plugin's own method
            asked for ``what``.
        """
        if self._owner == threading.get_ident():
            raise ReentrantReloadError(
                f"{what} was asked for from inside {self._what}, by one of its listeners or by the "
                "plugin's own code. Wait until that has ended, for example in the next cell."
            )
        if not self._lock.acquire(timeout=self.notice):
            log.warning("%s waits for %s to end", what, self._what or "another one")
            self._lock.acquire()
        try:
            self._owner, self._what = threading.get_ident(), what
            yield
        finally:
            self._owner, self._what = None, ""
            self._lock.release()
