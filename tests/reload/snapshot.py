"""A deep picture of modules and of the process, to compare before and after a failed reload."""

from __future__ import annotations

import builtins
import gc
import logging
import os
import signal
import sys
import threading
import types
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

#: In the key of what lists the subclasses of a class of another module.
_FOREIGN = " subclasses of "
_ATOMS = (int, float, complex, str, bytes, type(None), type(...))


class Same:
    """Stands for one object: equal to nothing but the same object."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)

    def __repr__(self) -> str:
        if isinstance(self.value, _ATOMS):
            return repr(self.value)
        name = getattr(self.value, "__qualname__", "")
        return f"<{type(self.value).__name__} {name} {id(self.value):#x}>"


Picture = dict[str, Any]


def take(*roots: object, modules: Iterable[types.ModuleType] = ()) -> Picture:
    """Return what can be seen of ``modules``, of further ``roots`` and of the process.

    Functions and instances are looked into where their module is one of ``modules``; containers
    always.
    """
    named = {m.__name__: m for m in modules}
    picture: Picture = dict(_process())
    # The nearest first, so that the ways to reach things are short.
    pending = deque[tuple[str, object]]((name, vars(m)) for name, m in named.items())
    pending += [(f"roots[{i}]", root) for i, root in enumerate(roots)]
    seen: dict[int, object] = {}
    while pending:
        where, item = pending.popleft()
        if id(item) in seen or isinstance(item, _ATOMS):
            continue
        seen[id(item)] = item
        for key, value, look in _look_into(item, named):
            picture[f"{where}{key}"] = _same(value)
            if look:
                pending.append((f"{where}{key}", value))
    return picture


def difference(before: Picture, after: Picture) -> list[str]:
    """Return what differs between two pictures, in words."""
    told = []
    for key in before.keys() | after.keys():
        if key not in after:
            told.append(f"{key} is gone; it was {_brief(before[key])}")
        elif key not in before:
            told.append(f"{key} is new: {_brief(after[key])}")
        elif _FOREIGN in key and set(after[key]) <= set(before[key]):
            continue  # classes of earlier tests were collected meanwhile
        elif before[key] != after[key]:
            told.append(f"{key} was {_brief(before[key])}, is {_brief(after[key])}")
    return sorted(told)


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) < 500 else f"{text[:240]} … {text[-240:]}"


def _same(value: object) -> Any:
    """Return ``value`` as something that compares by identity, several objects one by one."""
    if type(value) is _Many:
        return tuple(map(Same, value))
    return Same(value)


class _Many(tuple[Any, ...]):
    """Several objects that belong together, in order."""


def _look_into(item: Any, named: dict[str, types.ModuleType]) -> Iterator[tuple[str, object, bool]]:
    """Yield what is inside ``item``: how it is reached, what it is, and whether to look into it."""
    home = getattr(item, "__module__", None)
    if isinstance(item, dict):
        names = {k: v for k, v in item.items() if k not in ("__builtins__", "__warningregistry__")}
        yield " keys", _Many(names), False
        yield from ((f"[{key!r}]", value, True) for key, value in names.items())
    elif isinstance(item, list | tuple | deque):
        yield " elements", _Many(item), False
        yield from ((f"[{index}]", value, True) for index, value in enumerate(item))
    elif isinstance(item, set | frozenset):
        yield " elements", _Many(sorted(item, key=id)), False
    elif isinstance(item, types.FunctionType):
        if home in named or home is None:
            yield from _function(item)
    elif isinstance(item, staticmethod | classmethod | types.MethodType):
        yield ".__func__", item.__func__, True
        if isinstance(item, types.MethodType):
            yield ".__self__", item.__self__, True
    elif isinstance(item, property):
        yield from ((f".{n}", getattr(item, n), True) for n in ("fget", "fset", "fdel"))
    elif isinstance(item, types.CellType):
        yield " cell", _contents(item), True
    elif isinstance(item, type):
        if home in named:
            yield from _class(item, named)
    elif isinstance(item, types.ModuleType):
        if item.__name__ in named:
            yield ".", vars(item), True
    elif type(item).__module__ in named or hasattr(item, "__wrapped__"):
        yield ".__class__", type(item), True
        attributes = getattr(item, "__dict__", None)
        if attributes is not None:
            yield ".__dict__", attributes, True


def _function(item: types.FunctionType) -> Iterator[tuple[str, object, bool]]:
    yield ".__code__", item.__code__, False
    yield ".__globals__", item.__globals__, False
    yield ".__defaults__", item.__defaults__, True
    yield ".__kwdefaults__", item.__kwdefaults__, True
    yield ".__closure__", _Many(item.__closure__ or ()), False
    yield from ((f".cell{i}", cell, True) for i, cell in enumerate(item.__closure__ or ()))
    yield ".__annotations__", item.__annotations__, True
    yield ".__dict__", vars(item), True
    yield ".__doc__", item.__doc__, False
    yield ".names", _Many((item.__name__, item.__qualname__, item.__module__)), False


def _class(item: type, named: dict[str, types.ModuleType]) -> Iterator[tuple[str, object, bool]]:
    members = {k: v for k, v in vars(item).items() if k not in ("__dict__", "__weakref__")}
    # A class never lets go of its __doc__, so that one keeps its place when others are put back.
    yield ".names", _Many(sys.intern(name) for name in members if name != "__doc__"), False
    yield from ((f".{key}", value, True) for key, value in members.items())
    yield ".__class__", type(item), True
    yield ".__bases__", _Many(item.__bases__), True
    yield ".__mro__", _Many(item.__mro__), False
    yield ".__subclasses__()", _Many(_subclasses(item)), True
    yield ".__qualname__", item.__qualname__, False
    for base in item.__bases__:
        if base is not object and base.__module__ not in named:
            ours = [c for c in _subclasses(base) if c.__module__ in named]
            yield f"{_FOREIGN}{base.__name__}", _Many(ours), False
    abstract = getattr(item, "__abstractmethods__", None)
    yield ".abstract", _Many(sorted(map(sys.intern, abstract))) if abstract else None, False


def _subclasses(cls: type) -> list[type]:
    return type.__subclasses__(cls)  # past the metaclass


def _contents(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return "<empty>"


def _process() -> Iterator[tuple[str, Any]]:
    yield "sys.modules", {name: Same(module) for name, module in sys.modules.items()}
    for name in ("path", "meta_path", "path_hooks"):
        yield f"sys.{name}", (Same(getattr(sys, name)), list(map(Same, getattr(sys, name))))
    for name in ("stdout", "stderr", "excepthook", "displayhook"):
        yield f"sys.{name}", Same(getattr(sys, name))
    yield "sys.recursionlimit", sys.getrecursionlimit()
    yield "sys.switchinterval", sys.getswitchinterval()
    yield "environ", dict(os.environ)
    yield "cwd", os.getcwd()
    yield "warnings.filters", list(warnings.filters)
    yield "builtins", {name: Same(value) for name, value in vars(builtins).items() if name != "_"}
    loggers = {"": logging.root, **logging.root.manager.loggerDict}
    for name, logger in loggers.items():
        if isinstance(logger, logging.Logger) and (logger.handlers or logger.level):
            yield f"logger {name!r}", (list(map(Same, logger.handlers)), logger.level)
    if threading.current_thread() is threading.main_thread():
        yield "signals", {n: Same(signal.getsignal(n)) for n in signal.valid_signals()}
    yield "gc", (gc.isenabled(), gc.get_freeze_count() > 1000, gc.get_threshold())
    # The thread that watches over time limits ends in its own time.
    threads = [t for t in threading.enumerate() if t.name != "themis_jupyter time limits"]
    yield "threads", len(threads)
