"""What belongs to the process as a whole: paths, environment, handlers, signals."""

from __future__ import annotations

import atexit
import builtins
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterable
from typing import Any

from .objects import is_a
from .watches import AttributeWatch, ContainerWatch, Watch

_OF_SYS = (
    "path", "meta_path", "path_hooks", "argv", "stdin", "stdout", "stderr", "excepthook",
    "displayhook", "unraisablehook", "breakpointhook", "ps1", "ps2", "dont_write_bytecode",
)  # fmt: skip


class ProcessState:
    """The state of the process at one moment."""

    def __init__(self) -> None:
        containers: tuple[Any, ...] = (
            sys.path, sys.meta_path, sys.path_hooks, sys.argv, warnings.filters,
        )  # fmt: skip
        self._watches: list[Watch] = [
            AttributeWatch(sys, _OF_SYS),
            AttributeWatch(warnings, ("filters", "showwarning"), _filters_changed),
            *(ContainerWatch(container, "the process") for container in containers),
            ContainerWatch(vars(builtins), "builtins"),
        ]
        self._environ = dict(os.environ)
        self._cwd = _working_directory()
        self._recursion_limit = sys.getrecursionlimit()
        self._handlers = [(logger, list(logger.handlers), logger.level) for logger in _loggers()]
        self._signals: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            valid: set[Any] = signal.valid_signals()
            numbers = [number for number in valid if isinstance(number, signal.Signals)]
            self._signals = {number: signal.getsignal(number) for number in numbers}
        self._callbacks = atexit._ncallbacks()

    def restore(self, born: Iterable[object]) -> None:
        """Put back what changed.

        :param born: objects made since: those among them that were registered with ``atexit`` go.
        """
        for watch in self._watches:
            if watch.changed():
                watch.restore()
        for key in [key for key in os.environ if key not in self._environ]:
            del os.environ[key]
        for key, value in self._environ.items():
            if os.environ.get(key) != value:
                os.environ[key] = value
        if self._cwd is not None and _working_directory() != self._cwd:
            os.chdir(self._cwd)
        if sys.getrecursionlimit() != self._recursion_limit:
            sys.setrecursionlimit(self._recursion_limit)
        for logger, handlers, level in self._handlers:
            if logger.handlers != handlers:
                logger.handlers[:] = handlers
            if logger.level != level:
                logger.setLevel(level)
        for number, handler in self._signals.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        self._unregister(born)

    def _unregister(self, born: Iterable[object]) -> None:
        # What else was registered cannot be told: Python lists its callbacks to nobody.
        if atexit._ncallbacks() > self._callbacks:
            for item in born:
                if callable(item) and not is_a(item, type):
                    atexit.unregister(item)


def _filters_changed() -> None:
    # Python keeps a cache of which warnings were shown; this is how its own code renews it.
    warnings._filters_mutated()  # type: ignore[attr-defined]


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return None


def _loggers() -> list[logging.Logger]:
    known = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(logger for logger in known if isinstance(logger, logging.Logger))]
