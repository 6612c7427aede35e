"""Which new object is the successor of which old one, from module names inwards.

Two objects are paired when the same name leads to both and both are of one kind: functions and classes of
the module, the wrappers around them that decorators made, and what is inside those.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from types import CellType, FunctionType
from typing import Any

from .adapters import keep_composites
from .correspondence import Correspondence
from .objects import LruCache, attributes_of, cells_of, is_a, members_of

# Class attributes that Python makes for each class anew and that belong to it alone.
OF_THE_CLASS_ITSELF = frozenset({"__dict__", "__weakref__", "_abc_impl"})


_SINGLEDISPATCH = vars(functools.singledispatch(lambda _: None))["register"].__code__


class Matcher:
    """Pairs the objects of one module.

    :param live: the module's namespace.
    :param scratch: the namespace in which the new statements ran.
    :param born: ids of the objects that came into being while they ran.
    :param classes: names that the old source bound by a class statement, and in no other way.
    """

    def __init__(
        self,
        module: str,
        live: Mapping[str, Any],
        scratch: Mapping[str, Any],
        born: set[int],
        found: Correspondence,
        classes: Collection[str] = (),
    ) -> None:
        self.module = module
        self.live = live
        self.scratch = scratch
        self.born = born
        self.found = found
        self.classes = classes
        self._open: set[tuple[int, int]] = set()

    def match(self, old: Any, new: Any, name: str, *, own: bool) -> bool:
        """Pair ``old`` with ``new`` and what is inside them; return whether they now are one.

        :param own: the old source made ``old`` under this name: it is not something imported.
        """
        if old is new:
            return True
        if self.found.taken(old):
            return self.found.old_of(new) is old
        if (id(old), id(new)) in self._open:
            return True  # they lead back to themselves
        self._open.add((id(old), id(new)))
        paired = self._match(old, new, name, own)
        self._open.discard((id(old), id(new)))
        return paired

    def _match(self, old: Any, new: Any, name: str, own: bool) -> bool:
        paired: bool
        if is_a(new, type):
            paired = is_a(old, type) and self._classes(old, new, name)
        elif self.found.old_of(type(new)) is not type(old) or id(new) not in self.born:
            paired = False
        elif is_a(new, FunctionType):
            paired = self._functions(old, new, name, own)
        elif is_a(new, staticmethod | classmethod):
            paired = self.match(old.__func__, new.__func__, name, own=own)
        elif type(new) is property:
            paired = self._properties(old, new, name, own)
        elif is_a(new, LruCache):
            paired = old.cache_parameters() == new.cache_parameters() and self.match(
                old.__wrapped__, new.__wrapped__, name, own=own
            )
        elif is_a(new, functools.partial):
            self.match(old.func, new.func, name, own=own)
            paired = own
        else:
            paired = own and self._instances(old, new, name)
        if paired:
            self.found.pair(old, new, name, self.module)
        return paired

    # -- functions -----------------------------------------------------------------------------

    def _functions(self, old: FunctionType, new: FunctionType, name: str, own: bool) -> bool:
        if old.__globals__ is not self.live:
            # A wrapper that a decorator of another module made; never a function of that module.
            at_home = old.__globals__.get(old.__code__.co_name)
            if not own or at_home is old:
                return False
        _keep_registrations(old, new)
        old_cells, new_cells = cells_of(old), cells_of(new)
        for variable, cell in new_cells.items():
            if variable != "__class__" and variable in old_cells:
                self._cell(old_cells[variable], cell, name)
        for key, value in vars(new).items():
            if key in vars(old):
                self.match(vars(old)[key], value, name, own=True)
        return True

    def _cell(self, old: CellType, new: CellType, name: str) -> None:
        try:
            before, after = old.cell_contents, new.cell_contents
        except ValueError:  # an empty cell
            return
        if is_a(after, FunctionType | type | property | staticmethod | classmethod | LruCache):
            self.match(before, after, name, own=True)

    # -- classes -------------------------------------------------------------------------------

    def _classes(self, old: type, new: type, name: str) -> bool:
        if id(new) not in self.born or new.__module__ != self.module:
            return False
        # A package may have written its own name into a class that it shows to others.
        if old.__module__ != self.module and (
            name.partition(".")[0] not in self.classes or old.__qualname__ != new.__qualname__
        ):
            return False
        if self.scratch.get(new.__qualname__) is new:
            name = new.__qualname__  # and not the way that happened to lead here
        keep_composites(old, new)
        self.found.pair(old, new, name, self.module)
        before = members_of(old)
        for key, value in members_of(new).items():
            if key in before and key not in OF_THE_CLASS_ITSELF:
                self.match(before[key], value, f"{name}.{key}", own=True)
        return False  # paired above, before its members, which may refer to it

    def _properties(self, old: property, new: property, name: str, own: bool) -> bool:
        same = old.__doc__ == new.__doc__
        for before, after in (
            (old.fget, new.fget),
            (old.fset, new.fset),
            (old.fdel, new.fdel),
        ):
            if before is None or after is None:
                same = same and before is after
            else:
                same = self.match(before, after, name, own=own) and same
        return same

    # -- objects that decorators made ------------------------------------------------------------

    def _instances(self, old: Any, new: Any, name: str) -> bool:
        before, after = attributes_of(old), attributes_of(new)
        if before is None or after is None:
            return False
        for key, value in after.items():
            if key in before and callable(value):
                self.match(before[key], value, name, own=True)
        return True


def _keep_registrations(old: FunctionType, new: FunctionType) -> None:
    """Give a ``singledispatch`` function the implementations that others registered with the old one."""
    registers = [vars(function).get("register") for function in (old, new)]
    if any(getattr(r, "__code__", None) is not _SINGLEDISPATCH for r in registers):
        return
    before, after = (cells_of(r)["registry"].cell_contents for r in registers)  # type: ignore[arg-type]
    for cls, implementation in before.items():
        if implementation.__module__ != old.__module__:
            after.setdefault(cls, implementation)
