"""What a plugin may change in its process: threads, files, modules, paths, and what modules hold."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import re
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from ..manager import PluginManager
from ..reload.surroundings import is_installed

#: Threads of ours.
_OURS = "themis_jupyter"
#: Modules whose containers change with every reload, or are looked at in another way.
_LEFT_OUT = ("themis_jupyter", "linecache", "tracemalloc", "threading", "gc", "_pytest")
#: Of these, differences are told by their elements.
_LOOKED_AT_OTHERWISE = ("sys.modules", "sys.path", "sys.path_importer_cache")

_CONTAINERS = (list, dict, set, deque)
_ATOMS = (int, float, complex, str, bytes, type(None), type, ModuleType)

#: How deep the modules that are not installed are looked into.
_DEPTH = 3
_MOST = 200_000

_FD_FOLDERS = ("/proc/self/fd", "/dev/fd")

#: Seconds that threads and files get to end: ``shutdown()`` need not wait for them.
PATIENCE = 1.0

Kind = str
#: The kinds that are counted, with what one of them is called.
COUNTED = {
    "threads": "thread",
    "processes": "child process",
    "open files": "open file",
    "containers": "entry",
}

ADVICE = {
    "threads": "start threads in initialize(), not by a statement of the file; end them in shutdown(), "
    "and wait for them: thread.join()",
    "processes": "end in shutdown() the processes that initialize() started, and wait for them",
    "open files": "close in shutdown() what initialize() opened",
    "containers": "take back in shutdown() what initialize() registered; what the file itself "
    "registers is better registered in initialize()",
    "sys.modules": "import at the top of the file, or take out in shutdown() what was put in",
    "sys.path": "take back in shutdown() what the plugin did to sys.path",
    "os.environ": "take back in shutdown() what the plugin did to os.environ",
    "working directory": "do not change the working directory, or change it back in shutdown()",
}


@dataclass(frozen=True)
class Difference:
    """Something that is not as it was.

    :param kind: one of :data:`ADVICE`.
    :param name: what differs, the same each time that it differs.
    """

    kind: Kind
    name: str
    text: str = field(compare=False)

    @property
    def advice(self) -> str:
        """What to do about it."""
        return ADVICE[self.kind]


class Process:
    """The state of the process at one moment."""

    def __init__(self) -> None:
        self.counts: dict[Kind, Counter[str]] = {
            "threads": Counter(map(_no_numbers, _threads())),
            "processes": Counter(_children()),
            "open files": Counter(_open_files()),
            "containers": Counter(dict(_held())),
        }
        self._modules = {name: id(module) for name, module in list(sys.modules.items())}
        self._path = list(sys.path)
        self._environ = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        self._folder = _working_directory()

    @classmethod
    def settled(cls, before: Process, patience: float = PATIENCE) -> Process:
        """Return the state as soon as no threads, processes and files are more than ``before``.

        :param patience: seconds that those get which are about to end.
        """
        until = time.monotonic() + patience
        while True:
            now = cls()
            kinds = ("threads", "processes", "open files")
            more = any(now.counts[kind] - before.counts[kind] for kind in kinds)
            if not more or time.monotonic() > until:
                return now
            gc.collect()
            time.sleep(0.02)

    def differences(self, before: Process) -> list[Difference]:
        """Return what is not as it was before."""
        found = []
        for kind, now in self.counts.items():
            then = before.counts[kind]
            for name in sorted({*now, *then}):
                if now[name] != then[name] and name not in _LOOKED_AT_OTHERWISE:
                    text = _counted(kind, name, then[name], now[name])
                    found.append(Difference(kind, name, text))
        for name in sorted({*self._modules, *before._modules}):
            if self._modules.get(name) != before._modules.get(name):
                word = "is gone" if name not in self._modules else "is another module"
                word = "is new" if name not in before._modules else word
                found.append(Difference("sys.modules", name, f"sys.modules[{name!r}] {word}"))
        if self._path != before._path:
            new = Counter(self._path) - Counter(before._path)
            gone = Counter(before._path) - Counter(self._path)
            changed = [f"{p!r} more" for p in new] + [f"{p!r} less" for p in gone]
            text = f"sys.path has changed: {', '.join(changed) or 'another order'}"
            found.append(Difference("sys.path", "", text))
        for name in sorted({*self._environ, *before._environ}):
            then_, now_ = before._environ.get(name), self._environ.get(name)
            if then_ != now_:
                text = f"os.environ[{name!r}] was {then_!r}, is {now_!r}"
                found.append(Difference("os.environ", name, text))
        if self._folder != before._folder:
            text = f"the working directory was {before._folder!r}, is {self._folder!r}"
            found.append(Difference("working directory", "", text))
        return found


def _counted(kind: Kind, name: str, then: int, now: int) -> str:
    if kind == "containers":
        return f"{name} had {then}, has {now}"
    return f"{COUNTED[kind]} {name!r}: there were {then}, there are {now}"


def _no_numbers(name: str) -> str:
    """Return a name that is the same for ``Thread-3`` and ``Thread-4``."""
    return re.sub(r"\d+", "#", name)


def _threads() -> Iterator[str]:
    for thread in threading.enumerate():
        if not thread.name.startswith(_OURS):
            yield thread.name


def _children() -> Iterator[str]:
    # Linux says who our children are, whoever started them.
    for tasks in Path("/proc/self/task").glob("*/children"):
        try:
            pids = tasks.read_text().split()
        except OSError:  # the thread has ended
            continue
        for pid in pids:
            try:
                yield Path("/proc", pid, "comm").read_text().strip()
            except OSError:
                continue


def files_can_be_counted() -> bool:
    """Return whether this system shows which files are open."""
    return any(map(os.path.isdir, _FD_FOLDERS))


def _open_files() -> Iterator[str]:
    folder = next(filter(os.path.isdir, _FD_FOLDERS), None)
    for number in os.listdir(folder) if folder else ():
        try:
            target = os.readlink(f"{folder}/{number}")
        except OSError:  # the one that listed the folder
            continue
        yield _no_numbers(target) if ":[" in target else target


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "(deleted)"


# -- what modules hold -----------------------------------------------------------------------------


def _held() -> Iterator[tuple[str, int]]:
    """Yield how many entries containers in modules have, by how one would write them."""
    seen: set[int] = set()
    modules: dict[str, Any] = dict(sys.modules)
    for name, module in modules.items():
        if not isinstance(module, ModuleType) or name.partition(".")[0] in _LEFT_OUT:
            continue
        # Not vars(): a lazy module is loaded by that.
        namespace = ModuleType.__getattribute__(module, "__dict__")
        depth = 0 if is_installed(module) else _DEPTH
        for key, value in list(namespace.items()):
            where = f"{name}.{key}"
            if not key.startswith("__"):
                yield from _sizes(where, value, depth, seen)
    yield "logging handlers", sum(len(logger.handlers) for logger in _loggers())
    yield "functions registered with atexit", atexit._ncallbacks()


def _loggers() -> Iterator[logging.Logger]:
    yield logging.getLogger()
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield logger


def _sizes(where: str, item: Any, depth: int, seen: set[int]) -> Iterator[tuple[str, int]]:
    """Yield the size of a container and, down to some depth, of those in it or in an object."""
    kind = item if isinstance(item, type) else type(item)
    if issubclass(kind, PluginManager):  # modules import the class, and it holds the instance
        return
    if depth and isinstance(item, type) and len(seen) < _MOST and id(item) not in seen:
        if is_installed(sys.modules.get(item.__module__)):
            return
        seen.add(id(item))
        for key, value in list(vars(item).items()):
            if not key.startswith("__"):
                yield from _sizes(f"{where}.{key}", value, depth - 1, seen)
    if isinstance(item, _ATOMS) or id(item) in seen or len(seen) > _MOST:
        return
    if type(item) in _CONTAINERS:
        seen.add(id(item))
        yield where, len(item)
        if depth and isinstance(item, dict):
            for key, value in list(item.items()):
                yield from _sizes(f"{where}[{key!r}]"[:200], value, depth - 1, seen)
    elif depth and not callable(item):
        attributes = getattr(item, "__dict__", None)
        if type(attributes) is dict:
            seen.add(id(item))
            for key, value in list(attributes.items()):
                yield from _sizes(f"{where}.{key}", value, depth - 1, seen)
