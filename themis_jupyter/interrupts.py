"""Ctrl-C stops the plugin's code, never ours half-way.

During an operation SIGINT does what it did before, usually raise ``KeyboardInterrupt``, only while code
of the plugin runs (its body, its ``initialize`` …). At other moments it is remembered, and does so when
such code is about to run next, or when the operation is over.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, TracebackType
from typing import Any, ClassVar

log = logging.getLogger("themis_jupyter.manager")


class InterruptGuard:
    """A context that holds SIGINT back, but for the stretches marked by :meth:`allowed`.

    Only the main thread receives signals; in another one the guard does nothing. Guards nest: an inner
    one leaves the work to the outer one, which it gives back as it found it.
    """

    _active: ClassVar[InterruptGuard | None] = None

    def __init__(self) -> None:
        self._outer: InterruptGuard | None = None
        self._was_open = False
        self._previous: Any = None
        self._installed = False
        self._open = False
        self._pending = False
        self._acted = False
        self._spare = 0
        self._announced: type[BaseException] | None = None

    def __enter__(self) -> InterruptGuard:
        if threading.current_thread() is not threading.main_thread():
            return self
        if InterruptGuard._active is not None:
            self._outer = InterruptGuard._active
            self._was_open, self._outer._open = self._outer._open, False
            return self._outer
        self._previous = signal.getsignal(signal.SIGINT)
        if not callable(self._previous):
            return self  # not ours to change: Ctrl-C does not raise in this process
        InterruptGuard._active = self
        self._installed = True
        signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._outer is not None:
            if self._was_open and error is None:
                self._outer.check()
            self._outer._open = self._was_open
            return
        if not self._installed:
            return
        self._installed = False
        InterruptGuard._active = None
        # The plugin may have set a handler of its own: then that one stays.
        if signal.getsignal(signal.SIGINT) == self._on_interrupt:
            signal.signal(signal.SIGINT, self._previous)
        if error is None:
            self.check()

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        expired, self._announced = self._announced, None
        if expired is None and self._spare:
            self._spare -= 1
            log.warning("the old version is being brought back; press Ctrl-C again to give it up")
        elif self._open and (frame is None or frame.f_code not in _EDGES):
            if expired is not None:
                raise expired
            self._acted = True
            self._previous(number, frame)
        elif expired is None:
            self._pending = True

    # -- by the operation ------------------------------------------------------------------------

    def allowed(self) -> _Window:
        """Let Ctrl-C act while the body of the ``with`` runs; one that is waiting acts at once.

        :raises KeyboardInterrupt: Ctrl-C was, or is, pressed.
        """
        return _Window(self)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let Ctrl-C stop the body, whose errors harm nothing; it then acts on what comes after, too."""
        was_pending, self._pending, self._acted = self._pending, False, False
        try:
            with self.allowed():
                yield
        finally:
            self._pending = self._pending or was_pending or self._acted

    def check(self) -> None:
        """Let a waiting interrupt act now.

        :raises KeyboardInterrupt: as a rule, if there is one.
        """
        if self._pending:
            self._pending = False
            self._previous(signal.SIGINT, sys._getframe())

    def drop_pending(self) -> None:
        """Forget an interrupt that is waiting."""
        self._pending = False

    def spare(self, number: int) -> None:
        """Let the next ``number`` interrupts pass without effect, but for a message."""
        self._spare = number

    # -- by another thread, for a time limit -----------------------------------------------------

    def can_expire(self, thread: int) -> bool:
        """Return whether :meth:`expire` reaches a thread: it is the main one, and SIGINT is ours."""
        return (
            self._installed
            and thread == threading.main_thread().ident
            and signal.getsignal(signal.SIGINT) == self._on_interrupt
        )

    def expire(self, error: type[BaseException]) -> None:
        """Raise ``error`` in the main thread, if it is in an allowed stretch; ends blocking calls."""
        self._announced = error
        if hasattr(signal, "pthread_kill"):
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, signal.SIGINT)
        else:
            signal.raise_signal(signal.SIGINT)

    def settle(self) -> None:
        """Wait until the signal that :meth:`expire` sent has come: it must not hit what runs next."""
        deadline = time.monotonic() + 1.0
        while self._announced is not None and time.monotonic() < deadline:
            time.sleep(0.001)
        self._announced = None


class _Window:
    """A stretch in which Ctrl-C acts. A class of its own: entering and leaving are one step each."""

    __slots__ = ("_before", "_guard")

    def __init__(self, guard: InterruptGuard) -> None:
        self._guard = guard
        self._before = False

    def __enter__(self) -> None:
        guard = self._guard
        guard.check()
        self._before = guard._open
        guard._open = True

    def __exit__(self, *_: object) -> None:
        self._guard._open = self._before


# An exception raised in one of these would leave the window open, or pass by the ``with``.
_EDGES: frozenset[CodeType] = frozenset({_Window.__enter__.__code__, _Window.__exit__.__code__})
