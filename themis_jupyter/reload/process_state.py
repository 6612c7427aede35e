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

from .deltas import same_elements, without_change
from .objects import is_a
from .watches import AttributeWatch, ContainerWatch, Watch

_OF_SYS = (
    "path", "meta_path", "path_hooks", "argv", "stdin", "stdout", "stderr", "excepthook",
    "displayhook", "unraisablehook", "breakpointhook", "ps1", "ps2", "dont_write_bytecode",
)  # fmt: skip


_Handlers = dict[str, tuple[logging.Logger, list[logging.Handler], int]]


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
        self._handlers = _handlers()
        #: The same, and the environment, as the statements have left them; None until they ended.
        self._handlers_after: _Handlers | None = None
        self._environ_after: dict[str, str] | None = None
        self._signals: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            valid: set[Any] = signal.valid_signals()
            numbers = [number for number in valid if isinstance(number, signal.Signals)]
            self._signals = {number: signal.getsignal(number) for number in numbers}
        self._callbacks = atexit._ncallbacks()

    def settle(self) -> None:
        """Take what is now for what the statements made: what others do later is not theirs."""
        for watch in self._watches:
            watch.settle()
        self._environ_after, self._handlers_after = dict(os.environ), _handlers()

    def restore(self, born: Iterable[object]) -> None:
        """Put back what changed.

        :param born: objects made since: those among them that were registered with ``atexit`` go.
        """
        for watch in self._watches:
            if watch.changed():
                watch.restore()
        after = self._environ_after
        for key in {*self._environ, *(os.environ if after is None else after)}:
            value, set_to = self._environ.get(key), os.environ.get(key)
            theirs = after is not None and (after.get(key) == value or after.get(key) != set_to)
            if value is None and not theirs:
                os.environ.pop(key, None)
            elif value is not None and value != set_to and not theirs:
                os.environ[key] = value
        if self._cwd is not None and _working_directory() != self._cwd:
            os.chdir(self._cwd)
        if sys.getrecursionlimit() != self._recursion_limit:
            sys.setrecursionlimit(self._recursion_limit)
        self._restore_handlers()
        for number, handler in self._signals.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        self._unregister(born)

    def _restore_handlers(self) -> None:
        for name, (logger, before, level) in self._handlers.items():
            known = self._handlers_after.get(name) if self._handlers_after is not None else None
            _, after, level_after = known or (logger, list(logger.handlers), logger.level)
            if not same_elements(before, after):
                logger.handlers[:] = without_change(list(logger.handlers), before, after)
            if level != level_after == logger.level:
                logger.setLevel(level)

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


def _handlers() -> _Handlers:
    """Return all loggers, by name, each with its handlers and level."""
    known = list(logging.root.manager.loggerDict.items())
    found: list[tuple[str, Any]] = [("", logging.root), *known]
    return {
        name: (logger, list(logger.handlers), logger.level)
        for name, logger in found
        if isinstance(logger, logging.Logger)
    }
