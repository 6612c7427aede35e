"""Time limits for code of plugins: one watchdog thread for all of them.

A thread per limit would be simpler, but starting one takes long while others compute: with four busy
threads 40 ms were measured, in each step of each reload.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from .interrupts import InterruptGuard

T = TypeVar("T")

#: Seconds after which code that caught the exception, and goes on, is stopped again.
AGAIN = 2.0


class Expired(BaseException):
    """Stops code that takes too long. Not an ``Exception``: plugins catch those, and go on."""


def call_within(
    seconds: float | None,
    guard: InterruptGuard,
    too_slow: Callable[[], BaseException],
    function: Callable[..., T],
    *args: Any,
) -> T:
    """Return ``function(*args)``, during which Ctrl-C acts.

    In the main thread the limit comes as a signal, which ends a blocking call as well; in others as an
    asynchronous exception, which arrives between two steps of Python code: a call into C that never
    returns cannot be ended there.

    :param seconds: the limit; None for none.
    :raises BaseException: ``too_slow()`` where it took longer, otherwise whatever it raises.
    """
    if seconds is None:
        with guard.allowed():
            return function(*args)
    limit = _Limit(guard, seconds)
    try:
        try:
            _watchdog.watch(limit)
            with guard.allowed():
                result = function(*args)
        finally:
            limit.end()
    except Expired as expired:
        limit.end()  # it may have come while the first end() was at work
        raise too_slow().with_traceback(expired.__traceback__) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if limit.expired:  # this is what the plugin made of it
            raise too_slow() from error
        raise
    if limit.expired:
        raise too_slow()
    return result


class _Limit:
    """Stops one thread, unless what is limited has ended."""

    def __init__(self, guard: InterruptGuard, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.expired = False
        self._guard = guard
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._ended = False
        self._asynchronous = False

    def expire(self) -> None:
        """Stop the thread; to be called by the watchdog."""
        with self._lock:
            if self._ended:
                return
            self.expired = True
            self.deadline = time.monotonic() + AGAIN
            if self._guard.can_expire(self._thread):
                self._guard.expire(Expired)
            else:
                self._asynchronous = True
                _raise_in(self._thread, Expired)

    def end(self) -> None:
        """Make sure that nothing comes any more. May be called again."""
        _watchdog.forget(self)
        with self._lock:
            self._ended = True
        if self._asynchronous:
            self._asynchronous = False
            _take_in(Expired)
        if self.expired:
            self._guard.settle()


class _Watchdog:
    """Waits for the earliest deadline. Its thread ends when there is nothing left to wait for."""

    def __init__(self) -> None:
        self._limits: set[_Limit] = set()
        self._changed = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self._wakes = 0.0

    def watch(self, limit: _Limit) -> None:
        """See to it that ``limit`` expires at its deadline."""
        with self._changed:
            self._limits.add(limit)
            if self._thread is None or not self._thread.is_alive():  # the latter after a fork
                self._wakes = limit.deadline
                self._thread = threading.Thread(
                    target=self._run, name="themis_jupyter time limits", daemon=True
                )
                self._thread.start()
            elif limit.deadline < self._wakes:
                self._changed.notify()

    def forget(self, limit: _Limit) -> None:
        """Leave ``limit`` alone. Without the lock: an exception may come in between, see above."""
        self._limits.discard(limit)

    def rest(self) -> None:
        """End the thread where there is nothing to wait for, in place of at the last known deadline."""
        with self._changed:
            thread = None if self._limits else self._thread
            self._changed.notify()
        if thread is not None:
            thread.join(1.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                deadlines = [limit.deadline for limit in list(self._limits)]
                if not deadlines:
                    self._thread = None
                    return
                self._wakes = min(deadlines)
                self._changed.wait(max(self._wakes - time.monotonic(), 0.0))
            for limit in list(self._limits):
                if limit.deadline <= time.monotonic():
                    limit.expire()


_watchdog = _Watchdog()


def rest() -> None:
    """Leave no thread behind, unless code of a plugin is running under a limit."""
    _watchdog.rest()


def _raise_in(thread: int, error: type[BaseException]) -> None:
    # The one way CPython offers to reach a thread other than the main one.
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def _take_in(error: type[BaseException]) -> None:
    """Let an asynchronous exception that may be on its way to this thread arrive, here and now.

    Taking it back instead would leave a mark in the interpreter: on 3.11 it then looks for exceptions
    before each instruction for as long as it runs, and never comes out of that under a profiler.
    """
    with suppress(error):
        _raise_in(threading.get_ident(), error)
        while True:  # it arrives at a jump back
            pass
