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

    @property
    def is_installed(self) -> bool:
        """True where this guard receives SIGINT."""
        return self._installed

    def raise_next(self, make_error: Callable[[], BaseException]) -> None:
        """Say what the next signal raises."""
        self._raise = make_error

    def drop_pending(self) -> None:
        """Forget an interrupt that is waiting."""
        self._pending = False

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


@contextmanager
def time_limit(
    guard: InterruptGuard, seconds: float | None, make_error: Callable[[], BaseException]
) -> Iterator[None]:
    """Raise ``make_error()`` in the current thread if the body takes longer than ``seconds``.

    In the main thread the limit comes as a signal, which ends a blocking call as well; in others as an
    asynchronous exception, which arrives between two steps of Python code: a call into C that never
    returns cannot be ended there.
    """
    if seconds is None:
        yield
        return
    limit = _Limit(guard, make_error)
    timer = threading.Timer(seconds, limit.expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except _Expired:
        raise make_error() from None
    finally:
        timer.cancel()
        limit.end()


class _Limit:
    """Delivers one exception to one thread, or none once the stretch has ended."""

    def __init__(self, guard: InterruptGuard, make_error: Callable[[], BaseException]) -> None:
        self._guard = guard
        self._make_error = make_error
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._ended = False
        self._asynchronous = False

    def expire(self) -> None:
        with self._lock:
            if self._ended:
                return
            if self._guard.is_installed and self._thread == threading.main_thread().ident:
                self._guard.raise_next(self._make_error)
                if hasattr(signal, "pthread_kill"):
                    signal.pthread_kill(self._thread, signal.SIGINT)
                else:
                    signal.raise_signal(signal.SIGINT)
            else:
                self._asynchronous = True
                _raise_in(self._thread, _Expired)

    def end(self) -> None:
        with self._lock:
            self._ended = True
            if self._asynchronous:
                _raise_in(self._thread, None)
            self._guard.raise_next(KeyboardInterrupt)


class _Expired(BaseException):
    """Carries an expired limit into a thread; never leaves :func:`time_limit`."""


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    # The one way CPython offers to reach a thread other than the main one.
    import ctypes

    argument = ctypes.py_object(error) if error is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), argument)
