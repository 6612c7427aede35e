"""What statements did to the world outside their module, and how to put it back.

Only what changed is put back, element by element: a name that another thread set in ``os.environ`` in the
meantime stays.
"""

from __future__ import annotations

import builtins
import logging
import os
import signal
import sys
import threading
import types
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from .objects import attributes_of

#: How many objects, and how many elements in all, are watched at most.
MAX_OBJECTS = 50_000
MAX_ELEMENTS = 5_000_000

_ABSENT: Any = object()
_Container = list[Any] | dict[Any, Any] | set[Any] | deque[Any]
_CONTAINERS = (list, dict, set, deque)


class Watch:
    """A copy of one container's elements, and how to bring them back."""

    __slots__ = ("before", "target", "where")

    def __init__(self, target: _Container, where: str) -> None:
        self.target = target
        self.where = where
        self.before: Any = (
            list(target) if isinstance(target, list | deque)
            else dict(target) if isinstance(target, dict)
            else set(target)
        )  # fmt: skip

    def changed(self) -> bool:
        """Return whether the container holds other elements, or in another order, than before."""
        now = self.target
        if len(now) != len(self.before):
            return True
        if isinstance(now, dict):
            pairs = zip(now.items(), self.before.items(), strict=False)
            return any(a[0] is not b[0] or a[1] is not b[1] for a, b in pairs)
        if isinstance(now, set):
            ids = {id(v) for v in self.before}
            return any(id(v) not in ids for v in now)
        return any(a is not b for a, b in zip(now, self.before, strict=False))

    def restore(self) -> None:
        """Bring the elements back."""
        now = self.target
        if isinstance(now, dict):
            dict.clear(now)
            dict.update(now, self.before)
        elif isinstance(now, set):
            set.clear(now)
            set.update(now, self.before)
        elif isinstance(now, list):
            list.__setitem__(now, slice(None), self.before)
        else:
            deque.clear(now)
            deque.extend(now, self.before)


class Surroundings:
    """The state of the process that a module's body may change, as it was at one moment.

    :param roots: objects that the statements name; what can be reached from them is watched.
    """

    def __init__(self, roots: Iterable[tuple[str, object]] = ()) -> None:
        self.notes: list[str] = []
        self._watches: list[Watch] = []
        self._attributes: list[tuple[object, dict[str, Any], str]] = []
        self._seen: set[int] = set()
        self._elements = 0
        self._modules = dict(sys.modules)
        self._process = _Process()
        self._walk(roots)

    # -- what is watched -------------------------------------------------------------------------

    def _walk(self, roots: Iterable[tuple[str, object]]) -> None:
        pending: deque[tuple[str, object]] = deque(roots)
        while pending:
            where, item = pending.popleft()
            if id(item) in self._seen or isinstance(item, _ATOMS):
                continue
            self._seen.add(id(item))
            if len(self._seen) > MAX_OBJECTS or self._elements > MAX_ELEMENTS:
                self.notes.append(
                    f"more than {MAX_OBJECTS:,} objects can be reached from what the changed lines use; "
                    f"what lies beyond {where} was not watched and could not be put back."
                )
                return
            pending.extend(self._look_into(where, item))

    def _look_into(self, where: str, item: object) -> Iterator[tuple[str, object]]:
        if isinstance(item, _CONTAINERS):
            self._elements += len(item)
            self._watches.append(Watch(item, where))
            values = list(item.values()) if isinstance(item, dict) else list(item)
            yield from ((where, v) for v in values if not isinstance(v, _ATOMS))
        elif isinstance(item, ModuleType):
            self._watches.append(Watch(vars(item), where))
            yield from ((f"{where}.{k}", v) for k, v in list(vars(item).items())
                        if isinstance(v, _CONTAINERS))  # fmt: skip
            return
        elif isinstance(item, type):
            if item.__flags__ & _IMMUTABLE_TYPE:
                return
            self._attributes.append((item, dict(vars(item)), where))
            yield from ((f"{where}.{k}", v) for k, v in list(vars(item).items())
                        if isinstance(v, (*_CONTAINERS, FunctionType, classmethod, staticmethod)))  # fmt: skip
            yield from ((base.__name__, base) for base in item.__mro__[1:])
        elif isinstance(item, FunctionType):
            yield from _used_by(item)
        elif isinstance(item, classmethod | staticmethod | types.MethodType):
            yield where, item.__func__
            if isinstance(item, types.MethodType):
                yield where, item.__self__
        elif isinstance(item, tuple | frozenset):
            yield from ((where, v) for v in item if not isinstance(v, _ATOMS))
        if isinstance(item, type):
            return
        attributes = attributes_of(item)
        if attributes:
            self._watches.append(Watch(attributes, where))
            yield from ((f"{where}.{k}", v) for k, v in list(attributes.items()))

    # -- what changed ----------------------------------------------------------------------------

    def changed(self) -> list[Watch]:
        """Return the watched containers that changed."""
        return [watch for watch in self._watches if watch.changed()]

    def changed_classes(self) -> list[tuple[type, dict[str, Any]]]:
        """Return classes whose attributes changed, each with its attributes as they were."""
        return [
            (cls, before)
            for cls, before, _ in self._attributes
            if isinstance(cls, type) and _differs(vars(cls), before)
        ]

    def new_modules(self) -> dict[str, ModuleType]:
        """Return the modules that were imported since."""
        return {
            name: module
            for name, module in list(sys.modules.items())
            if self._modules.get(name) is not module
        }

    def restore(self) -> list[str]:
        """Put back what changed; return what could not be, in words."""
        failed = list(self.notes)
        steps: list[tuple[str, Callable[[], None]]] = [
            ("imported modules", self._restore_modules),
            ("class attributes", self._restore_classes),
            *((watch.where, watch.restore) for watch in self.changed()),
            ("the process", self._process.restore),
        ]
        for what, step in steps:
            try:
                step()
            except Exception as error:  # noqa: BLE001 - the others are put back all the same
                failed.append(f"{what} could not be put back: {error!r}")
        return failed

    def _restore_modules(self) -> None:
        for name, module in self.new_modules().items():
            before = self._modules.get(name)
            parent, _, child = name.rpartition(".")
            if before is None:
                sys.modules.pop(name, None)
                holder = sys.modules.get(parent)
                if holder is not None and vars(holder).get(child) is module:
                    delattr(holder, child)
            else:
                sys.modules[name] = before
        for name, module in self._modules.items():
            if name not in sys.modules:
                sys.modules[name] = module

    def _restore_classes(self) -> None:
        for cls, before in self.changed_classes():
            for key in list(vars(cls)):
                if key not in before:
                    type.__delattr__(cls, key)
            for key, value in before.items():
                if vars(cls).get(key, _ABSENT) is not value:
                    type.__setattr__(cls, key, value)


_IMMUTABLE_TYPE = 1 << 8
_ATOMS = (int, float, complex, str, bytes, bool, type(None), type(...), types.CodeType)


def _differs(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return len(now) != len(before) or any(now.get(k, _ABSENT) is not v for k, v in before.items())


def _used_by(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield what a function uses that it may change: globals, closure, defaults."""
    globals_ = function.__globals__
    for name in _names_in(function.__code__):
        value = globals_.get(name)
        if value is not None and not isinstance(value, ModuleType):
            yield name, value
    for cell in function.__closure__ or ():
        try:
            yield function.__name__, cell.cell_contents
        except ValueError:  # empty
            continue
    yield from ((function.__name__, value) for value in function.__defaults__ or ())


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


class _Process:
    """What belongs to the process as a whole."""

    def __init__(self) -> None:
        self._watches = [
            Watch(container, where)
            for where, container in (
                ("sys.path", sys.path),
                ("sys.meta_path", sys.meta_path),
                ("sys.path_hooks", sys.path_hooks),
                ("warnings.filters", warnings.filters),
                ("builtins", vars(builtins)),
            )
        ]
        self._environ = dict(os.environ)
        self._cwd = _working_directory()
        self._handlers = [(logger, list(logger.handlers), logger.level) for logger in _loggers()]
        self._signals: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            self._signals = {number: signal.getsignal(number) for number in signal.valid_signals()
                             if isinstance(number, signal.Signals)}  # fmt: skip

    def restore(self) -> None:
        for watch in self._watches:
            if watch.changed():
                watch.restore()
                if watch.target is warnings.filters:
                    warnings._filters_mutated()  # type: ignore[attr-defined]
        for key in [key for key in os.environ if key not in self._environ]:
            del os.environ[key]
        for key, value in self._environ.items():
            if os.environ.get(key) != value:
                os.environ[key] = value
        if self._cwd is not None and _working_directory() != self._cwd:
            os.chdir(self._cwd)
        for logger, handlers, level in self._handlers:
            if logger.handlers != handlers:
                logger.handlers[:] = handlers
            if logger.level != level:
                logger.setLevel(level)
        for number, handler in self._signals.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return None


def _loggers() -> list[logging.Logger]:
    known = [v for v in logging.root.manager.loggerDict.values() if isinstance(v, logging.Logger)]
    return [logging.root, *known]
