"""Sending a page what it shows: the state once, then what changed, at a pace that a page can follow."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from .board import Board
from .protocol import Message

log = logging.getLogger("themis_jupyter.board")

#: Seconds between two messages: 30 a second at most.
PACE = 1 / 30
#: Seconds after which it is looked how many calls are in flight: no event tells of them.
TICK = 1.0


class Feed:
    """Tells one page. Nothing is sent before :meth:`begin`.

    What changes is sent at once, in the thread that changed it; what changes faster than that, by a thread
    of the feed's own, which there is only while there is something to be sent, or something to be counted.

    :param send: sends a message to the page; called by one thread at a time.
    """

    def __init__(self, board: Board, send: Callable[[Message], object]) -> None:
        self._board = board
        self._send = send
        self._changes = board.open(self._wake)
        self._sending = threading.Lock()
        self._begun = False
        self._ended = threading.Event()
        self._due = threading.Event()
        self._sent = 0.0
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Send the whole state, and from then on what changes; again, for a page that missed something."""
        with self._sending:
            if self._ended.is_set():
                return
            self._begun = True
            self._put(self._board.state(self._changes))
        self._start()

    def end(self) -> None:
        """Send nothing more."""
        self._ended.set()
        self._due.set()
        self._board.shut(self._changes)
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(2.0)

    def _wake(self) -> None:
        if not self._begun or self._ended.is_set():
            return
        if time.monotonic() - self._sent >= PACE and self._sending.acquire(blocking=False):
            try:
                self._flush()
            finally:
                self._sending.release()
        else:
            self._due.set()

    def _flush(self) -> None:
        message = self._board.patch(self._changes)
        if message is not None and not self._ended.is_set():
            self._put(message)

    def _put(self, message: Message) -> None:
        self._sent = time.monotonic()
        try:
            self._send(message)
        except Exception:
            log.exception("a message could not be sent to a page")

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="themis_jupyter board", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        while not self._ended.is_set():
            came = self._due.wait(TICK)
            if self._ended.is_set():
                return
            if came:
                self._due.clear()
                self._ended.wait(max(PACE - (time.monotonic() - self._sent), 0.0))
            else:
                self._board.count_calls()
            with self._sending:
                self._flush()
