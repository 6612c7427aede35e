"""The functions and classes of a plugin, and whether they stay the same objects with the same code."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from typing import Any

_Code = tuple[types.CodeType, Any, Any]


class Definitions:
    """What the modules of a plugin define, as it was at one moment.

    Functions that were generated, as those of dataclasses are, do not count: they have no name that
    an author knows them by.
    """

    def __init__(self, modules: Iterable[types.ModuleType]) -> None:
        self._modules = list(modules)
        self._items = dict(self._walk())
        self._code = {name: _code(item) for name, item in self._items.items()}

    @property
    def classes(self) -> list[type]:
        """All classes, inner ones as well."""
        return [item for item in self._items.values() if isinstance(item, type)]

    def __len__(self) -> int:
        return len(self._items)

    def replaced(self) -> list[str]:
        """Return the names that stand for another function or class now."""
        now = dict(self._walk())
        return [
            name
            for name, item in self._items.items()
            if name in now and now[name] is not item and isinstance(now[name], type(item))
        ]

    def with_other_code(self) -> list[str]:
        """Return the names of functions that run other code now, or are gone, or are new."""
        now = dict(self._walk())
        changed = [
            name
            for name, code in self._code.items()
            if name not in now or (now[name] is self._items[name] and _code(now[name]) != code)
        ]
        return changed + [name for name in now if name not in self._items]

    def _walk(self) -> Iterator[tuple[str, Any]]:
        for module in self._modules:
            yield from self._members(vars(module), module, module.__name__, set())

    def _members(
        self, names: dict[str, Any], module: types.ModuleType, path: str, seen: set[int]
    ) -> Iterator[tuple[str, Any]]:
        for name, item in list(names.items()):
            where = f"{path}.{name}"
            for each in _functions_of(item):
                if each.__code__.co_filename == module.__file__:
                    yield where, each
            is_ours = isinstance(item, type) and item.__module__ == module.__name__
            if is_ours and id(item) not in seen:
                seen.add(id(item))
                yield where, item
                yield from self._members(dict(vars(item)), module, where, seen)


def _functions_of(item: Any) -> Iterator[types.FunctionType]:
    if isinstance(item, classmethod | staticmethod):
        item = item.__func__
    found = (item.fget, item.fset, item.fdel) if isinstance(item, property) else (item,)
    yield from (each for each in found[:1] if isinstance(each, types.FunctionType))


def _code(item: Any) -> _Code | None:
    if not isinstance(item, types.FunctionType):
        return None
    # Objects, not their values: what is equal but not the same was made by other statements.
    return item.__code__, id(item.__defaults__), id(item.__kwdefaults__)
