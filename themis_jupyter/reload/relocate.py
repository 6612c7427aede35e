"""Definitions that only moved: their code objects get their new line numbers."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from .objects import attributes_of
from .writes import Writes

_LruCache: type = type(functools.lru_cache(lambda: None))


def relocate(
    writes: Writes, values: Iterable[object], filename: str, lines: range, shift: int, module: str
) -> None:
    """Add writes that shift the line numbers of all functions found inside ``values``.

    :param lines: the lines that the functions stood on so far.
    :param shift: lines to add.
    """
    for item in _definitions(values, module):
        if isinstance(item, FunctionType):
            code = item.__code__
            if code.co_filename == filename and code.co_firstlineno in lines:
                writes.attribute(item, "__code__", shifted(code, shift))
        elif isinstance(item, type):
            first = vars(item).get("__firstlineno__")  # Python 3.13
            if first is not None and first in lines:
                writes.class_attribute(item, "__firstlineno__", first + shift)


def shifted(code: CodeType, shift: int) -> CodeType:
    """Return ``code`` and the code inside it, ``shift`` lines further down."""
    constants = tuple(shifted(c, shift) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_firstlineno=code.co_firstlineno + shift, co_consts=constants)


def _definitions(values: Iterable[object], module: str) -> Iterator[FunctionType | type]:
    """Yield the functions and classes inside ``values``: members, wrapped ones, closures."""
    seen: set[int] = set()
    pending: list[Any] = list(values)
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, FunctionType):
            yield item
            pending += _contents(item.__closure__ or ())
            pending += vars(item).values()
        elif isinstance(item, type):
            if item.__module__ == module:
                yield item
                pending += vars(item).values()
        elif isinstance(item, staticmethod | classmethod | MethodType):
            pending.append(item.__func__)
        elif isinstance(item, property):
            pending += (item.fget, item.fset, item.fdel)
        elif isinstance(item, _LruCache):
            pending.append(item.__wrapped__)
        elif isinstance(item, functools.partial):
            pending.append(item.func)
        elif callable(item) or hasattr(type(item), "__get__"):
            pending += (attributes_of(item) or {}).values()


def _contents(cells: Iterable[CellType]) -> Iterator[object]:
    for cell in cells:
        try:
            yield cell.cell_contents
        except ValueError:  # empty
            continue
