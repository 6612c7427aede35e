"""What statements did to the world outside their module, and how to put it back.

Watched is what the statements name and what can be reached from there, together with the state of the
process. Only what changed is put back, element by element.
"""

from __future__ import annotations

import sys
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from .objects import (
    HEAP_TYPE,
    IMMUTABLE_TYPE,
    attributes_of,
    is_a,
    members_of,
    of_type,
    slot_members,
)
from .process_state import ProcessState
from .watches import ClassWatch, ContainerWatch, ObjectWatch, Watch, elements_of, size_of

#: How many objects, and how many elements in all, are watched at most.
MAX_OBJECTS = 50_000
MAX_ELEMENTS = 5_000_000

_CONTAINERS = (list, dict, set, deque)
_ATOMS = (int, float, complex, str, bytes, bool, type(None), type(...), types.CodeType)
_DEFINITIONS = (FunctionType, classmethod, staticmethod, property)


class Surroundings:
    """The state of what a module's body may change, as it was at one moment.

    :param roots: objects that the statements name, each with how they call it.
    :param bystanders: modules that are not named, but may be changed: what they hold at their top is
        watched, not what can be reached from there.
    :param asked: attribute names that the statements use; of a module, these are followed.
    """

    def __init__(
        self,
        roots: Iterable[tuple[str, object]] = (),
        asked: Iterable[str] = (),
        bystanders: Iterable[ModuleType] = (),
    ) -> None:
        self.notes: list[str] = []
        self._asked = frozenset(asked)
        self._watches: list[Watch] = []
        self._seen: set[int] = set()
        self._elements = 0
        self._named: set[str] = set()
        self._foreign: dict[str, bool] = {}
        self._modules = dict(sys.modules)
        self._process = ProcessState()
        self._walk(roots)
        for module in bystanders:
            self._glance_at(module)

    # -- what is watched -------------------------------------------------------------------------

    def _walk(self, roots: Iterable[tuple[str, object]]) -> None:
        pending: deque[tuple[str, Any]] = deque(roots)
        while pending:
            where, item = pending.popleft()
            if id(item) in self._seen or is_a(item, _ATOMS):
                continue
            if is_a(item, FunctionType | type) and self._is_foreign(where, item):
                continue
            self._seen.add(id(item))
            if len(self._seen) > MAX_OBJECTS or self._elements > MAX_ELEMENTS:
                self.notes.append(
                    f"more than {MAX_OBJECTS:,} objects can be reached from what the changed lines "
                    f"use; what lies beyond {where} was not watched and could not be put back."
                )
                return
            pending.extend(self._look_into(where, item))

    def _glance_at(self, module: ModuleType) -> None:
        where = module.__name__
        for item in (vars(module), *list(vars(module).values())):
            if id(item) in self._seen:
                continue
            if is_a(item, _CONTAINERS) and self._elements <= MAX_ELEMENTS:
                self._elements += size_of(item)
                self._watches.append(ContainerWatch(item, where))
            elif is_a(item, type) and item.__module__ == where:
                self._watches.append(ClassWatch(item, where))
            else:
                continue
            self._seen.add(id(item))

    def _is_foreign(self, where: str, item: FunctionType | type) -> bool:
        """Return whether a definition is of an installed package, and not named by the statements."""
        if where in self._named:
            return False
        module = item.__module__
        known = self._foreign.get(module)
        if known is None:
            known = self._foreign[module] = is_installed(sys.modules.get(module))
        return known

    def _look_into(self, where: str, item: Any) -> Iterator[tuple[str, object]]:
        if is_a(item, ModuleType):
            if item is sys:  # leads to all modules; what matters of it belongs to the process
                return
            self._watches.append(ContainerWatch(vars(item), where))
            for key, value in list(vars(item).items()):
                if key.startswith("__"):
                    continue
                if key in self._asked:
                    self._named.add(f"{where}.{key}")
                    yield f"{where}.{key}", value
                elif is_a(value, _CONTAINERS) and not is_installed(item):
                    yield f"{where}.{key}", value
            return
        if is_a(item, type):
            yield from self._look_into_class(where, item)
            return
        if is_a(item, _CONTAINERS):
            self._elements += size_of(item)
            self._watches.append(ContainerWatch(item, where))
            values = list(dict.values(item)) if is_a(item, dict) else elements_of(item)
            yield from ((where, v) for v in values if not is_a(v, _ATOMS))
        elif is_a(item, FunctionType):
            yield from _used_by(item)
        elif is_a(item, classmethod | staticmethod | types.MethodType):
            yield where, item.__func__
            if is_a(item, types.MethodType):
                yield where, item.__self__
        elif is_a(item, property):
            yield from ((where, f) for f in (item.fget, item.fset, item.fdel) if f is not None)
        elif is_a(item, tuple | frozenset):
            yield from ((where, v) for v in item if not is_a(v, _ATOMS))
        members = slot_members(type(item))
        if members or is_a(item, FunctionType) or type(item).__flags__ & HEAP_TYPE:
            self._watches.append(ObjectWatch(item, where, members))
        for member in members:
            try:
                yield where, member.__get__(item)
            except AttributeError:
                continue
        attributes = attributes_of(item)
        if attributes is not None and not is_a(item, ModuleType):
            self._watches.append(ContainerWatch(attributes, where))
            yield from ((f"{where}.{k}", v) for k, v in list(attributes.items()))
        if type(item).__flags__ & HEAP_TYPE:
            yield type(item).__name__, type(item)

    def _look_into_class(self, where: str, item: type) -> Iterator[tuple[str, object]]:
        if item.__flags__ & IMMUTABLE_TYPE:
            return
        self._watches.append(ClassWatch(item, where))
        for key, value in list(members_of(item).items()):
            if is_a(value, (*_CONTAINERS, *_DEFINITIONS)):
                yield f"{where}.{key}", value
        yield from ((base.__name__, base) for base in of_type(item, "__mro__")[1:])
        yield type(item).__name__, type(item)

    # -- what changed ----------------------------------------------------------------------------

    def settle(self) -> None:
        """The statements have run: what is different now they did; what happens later, others do.

        So ``shutdown()`` of the old plugin may take out what it had put in: :meth:`restore` does not put
        that back, or the plugin, when it is started again, would have it there twice.
        """
        self._watches = [watch for watch in self._watches if watch.changed()]
        for watch in self._watches:
            watch.settle()
        self._process.settle()

    def changed(self) -> list[ContainerWatch]:
        """Return the watched containers that changed."""
        return [w for w in self._watches if isinstance(w, ContainerWatch) and w.changed()]

    def changed_classes(self) -> list[ClassWatch]:
        """Return the watched classes whose attributes changed."""
        return [w for w in self._watches if isinstance(w, ClassWatch) and w.changed()]

    def changed_objects(self) -> list[ObjectWatch]:
        """Return the watched objects whose slots, class or code changed."""
        return [w for w in self._watches if isinstance(w, ObjectWatch) and w.changed()]

    def would_unload(self, module: object) -> bool:
        """Return whether a module of that name came, or began to come, since: :meth:`restore` drops it."""
        if not isinstance(module, str) or module in self._modules:
            return False
        return not is_installed(sys.modules.get(module))

    def restore(self, born: Iterable[object] = ()) -> list[str]:
        """Put back what changed; return what could not be, in words.

        :param born: objects that were made since.
        """
        failed = list(self.notes)
        steps: list[tuple[str, Callable[[], object]]] = [
            ("imported modules", self._restore_modules),
            *((watch.where, watch.restore) for watch in self._watches if watch.changed()),
            ("the process", lambda: self._process.restore(born)),
        ]
        for what, step in steps:
            try:
                step()
            except Exception as error:  # noqa: BLE001 - the others are put back all the same
                failed.append(f"{what} could not be put back: {error!r}")
        return failed

    def _restore_modules(self) -> None:
        for name, module in list(sys.modules.items()):
            before = self._modules.get(name)
            if before is module:
                continue
            if before is not None:
                sys.modules[name] = before
            elif not is_installed(module):
                del sys.modules[name]
                parent, _, child = name.rpartition(".")
                holder = sys.modules.get(parent)
                if holder is not None and vars(holder).get(child) is module:
                    delattr(holder, child)
        for name, module in self._modules.items():
            if name not in sys.modules:
                sys.modules[name] = module


_OURS = __name__.partition(".")[0]


@cache
def _installed() -> tuple[str, ...]:
    import sysconfig  # takes its time to be imported

    paths = {sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(paths)


def is_installed(module: object) -> bool:
    """Return whether a module belongs to Python or to an installed package.

    Having imported such a module is no state of the user's; and many extension modules cannot be
    imported a second time in one process.
    """
    spec = getattr(module, "__spec__", None)
    origin = getattr(module, "__file__", None) or getattr(spec, "origin", None)
    if origin in (None, "built-in", "frozen"):
        return origin is not None
    return str(origin).startswith(_installed())


def user_modules() -> Iterator[ModuleType]:
    """Yield the loaded modules that are the user's own."""
    modules: list[tuple[str, Any]] = list(sys.modules.items())
    for name, module in modules:
        has_file = is_a(module, ModuleType) and getattr(module, "__file__", None)
        if has_file and not is_installed(module) and name.partition(".")[0] != _OURS:
            yield module


def _used_by(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield what a function uses that it may change: globals, closure, defaults."""
    globals_ = function.__globals__
    for name in _names_in(function.__code__):
        value = globals_.get(name)
        if value is not None and not is_a(value, ModuleType):
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
        if is_a(constant, types.CodeType):
            yield from _names_in(constant)
