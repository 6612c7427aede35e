"""Definitions that only moved: their code objects get their new line numbers."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from .objects import LruCache, attributes_of, is_a, mro_of
from .writes import Writes


def relocate(
    writes: Writes,
    values: Iterable[object],
    filename: str,
    moved: Sequence[tuple[range, int]],
    module: str,
    skip: Callable[[object], bool],
    tell: Callable[[FunctionType, CodeType], object],
) -> None:
    """Add writes that shift the line numbers of functions found inside ``values``.

    :param moved: lines that code stood on so far, in order, each with the number of lines to add.
    :param skip: whether a function gets new code anyway.
    :param tell: called with each function that moves and its code at the new place.
    """
    known: dict[int, tuple[CodeType, CodeType]] = {}
    starts = [lines.start for lines, _ in moved]

    def shift_at(line: int) -> int:
        index = bisect.bisect_right(starts, line) - 1
        return moved[index][1] if index >= 0 and line in moved[index][0] else 0

    item: Any
    for item in _definitions(values, module):
        if skip(item):
            continue
        if is_a(item, FunctionType):
            code = item.__code__
            if code.co_filename == filename and (shift := shift_at(code.co_firstlineno)):
                new = shifted(code, shift, known)
                writes.attribute(item, "__code__", new)
                tell(item, new)
        elif is_a(item, type):
            first = vars(item).get("__firstlineno__")  # Python 3.13
            if first is not None and (shift := shift_at(first)):
                writes.class_attribute(item, "__firstlineno__", first + shift)


def shifted(code: CodeType, shift: int, known: dict[int, tuple[CodeType, CodeType]]) -> CodeType:
    """Return ``code`` and the code inside it, ``shift`` lines further down.

    :param known: what was shifted before, by the id of the code: a function that another one has made
        goes on having its code in common with it.
    """
    found = known.get(id(code))
    if found is None:
        constants = tuple(
            shifted(c, shift, known) if type(c) is CodeType else c for c in code.co_consts
        )
        new = code.replace(co_firstlineno=code.co_firstlineno + shift, co_consts=constants)
        found = known[id(code)] = code, new
    return found[1]


def _definitions(values: Iterable[object], module: str) -> Iterator[FunctionType | type]:
    """Yield the functions and classes inside ``values``: members, wrapped ones, closures."""
    seen: set[int] = set()
    pending: list[Any] = list(values)
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if is_a(item, FunctionType):
            yield item
            pending += _contents(item.__closure__ or ())
            pending += vars(item).values()
        elif is_a(item, type):
            if item.__module__ == module:
                yield item
                pending += vars(item).values()
        elif is_a(item, staticmethod | classmethod | MethodType):
            pending.append(item.__func__)
        elif is_a(item, property):
            pending += (item.fget, item.fset, item.fdel)
        elif is_a(item, LruCache):
            pending.append(item.__wrapped__)
        elif is_a(item, functools.partial):
            pending.append(item.func)
        elif callable(item) or any("__get__" in vars(c) for c in mro_of(type(item))):
            pending += (attributes_of(item) or {}).values()


def _contents(cells: Iterable[CellType]) -> Iterator[object]:
    for cell in cells:
        try:
            yield cell.cell_contents
        except ValueError:  # empty
            continue
