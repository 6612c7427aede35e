"""Ctrl-C stops the user's code, never ours half-way.

During a reload, SIGINT raises ``KeyboardInterrupt`` only while code of the plugin runs (its body, its
``initialize`` …). At other moments it is remembered and raised when such code is about to run next.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class InterruptGuard:
    """A context that holds SIGINT back, but for the stretches marked by :meth:`allowed`.

    Only the main thread receives signals; in another one the guard does nothing. Guards nest: an inner
    one leaves the work to the outer one.
    """

    _active: InterruptGuard | None = None

    def __init__(self) -> None:
        self._open = False
        self._pending = False
        self._previous: Any = None
        self._installed = False
        self._raise: Callable[[], BaseException] = KeyboardInterrupt

    def __enter__(self) -> InterruptGuard:
        if threading.current_thread() is not threading.main_thread():
            return self
        if InterruptGuard._active is not None:
            return InterruptGuard._active
        self._previous = signal.getsignal(signal.SIGINT)
        if self._previous in (None, signal.SIG_IGN, signal.SIG_DFL):
            return self  # not ours to change: Ctrl-C does not raise in this process
        InterruptGuard._active = self
        self._installed = True
        signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._installed:
            return
        self._installed = False
        InterruptGuard._active = None
        # The plugin may have set a handler of its own: then that one stays.
        if signal.getsignal(signal.SIGINT) == self._on_interrupt:
            signal.signal(signal.SIGINT, self._previous)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._open:
            self._open = False  # what follows is our clean-up
            raise self._raise()
        self._pending = True

    @property
    def pending(self) -> bool:
        """True where an interrupt is waiting."""
        return self._pending

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let Ctrl-C raise while the body of the ``with`` runs; a waiting one raises at once.

        :raises KeyboardInterrupt: Ctrl-C was, or is, pressed.
        """
        if not self._installed:
            yield
            return
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt
        self._open = True
        try:
            yield
        finally:
            self._open = False
