"""Code that only moved: code objects get their new line numbers."""

from __future__ import annotations

import ast
import bisect
import functools
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FunctionType, MethodType
from typing import Any

from .objects import LruCache, attributes_of, contents_of, is_a, members_of, of_type, same_behaviour
from .outline import Outline, Statement
from .writes import Writes


class Moves:
    """Where unchanged statements stand now.

    :param old: the outline that the code comes from.
    :param new: the outline that it is to fit.
    :param moved: pairs of old and new statements.
    :param filename: of the new code.
    :param before: of the old code.
    """

    def __init__(
        self,
        old: Outline,
        new: Outline,
        moved: Iterable[tuple[Statement, Statement]],
        filename: str,
        before: str,
    ) -> None:
        self._old, self._new = old, new
        self._before = before
        self._moved = sorted(moved, key=lambda pair: pair[0].start)
        self._starts = [old.start for old, _ in self._moved]
        self._filename = filename
        self._shifted: dict[int, tuple[CodeType, CodeType]] = {}
        self._same: dict[Statement, bool] = {}
        self._spread: dict[Statement, dict[int, list[tuple[CodeType, CodeType]]]] = {}

    def code(self, code: CodeType) -> CodeType | None:
        """Return ``code`` with its new line numbers and file name; None where they are the same."""
        if code.co_filename != self._before:
            return None
        line = code.co_firstlineno
        pairs = self._at(line)
        if len(pairs) == 1 and self._same_layout(*pairs[0]):
            old, new = pairs[0]
            shift = new.start - old.start
            moves = shift or self._before != self._filename
            return shifted(code, shift, self._filename, self._shifted) if moves else None
        found = [codes for pair in pairs for codes in self._codes(*pair).get(line, ())]
        alike = [codes for codes in found if _alike(codes[0], code)]
        places = list(code.co_positions())
        for before, after in alike:
            if list(before.co_positions()) == places:
                return after
        if alike:
            return alike[0][1]
        # Code of our own making (see ``trampoline``) knows its first line only.
        if not found:
            return None
        first = found[0][1].co_firstlineno
        return code.replace(co_firstlineno=first, co_filename=self._filename)

    def line(self, line: int) -> int:
        """Return the new first line of the class that began in ``line``."""
        pairs = self._at(line)
        if len(pairs) == 1 and self._same_layout(*pairs[0]):
            old, new = pairs[0]
            return line + new.start - old.start
        found = [codes for pair in pairs for codes in self._codes(*pair).get(line, ())]
        return found[0][1].co_firstlineno if found else line

    def _at(self, line: int) -> list[tuple[Statement, Statement]]:
        """Return the statements, mostly one, that stood on a line."""
        end = bisect.bisect_right(self._starts, line)
        start = end
        while start and self._moved[start - 1][0].end >= line:
            start -= 1
        return self._moved[start:end]

    def _same_layout(self, old: Statement, new: Statement) -> bool:
        same = self._same.get(old)
        if same is None:
            same = self._same[old] = self._old.segment(old) == self._new.segment(new)
        return same

    def _codes(self, old: Statement, new: Statement) -> dict[int, list[tuple[CodeType, CodeType]]]:
        """Return all code inside a statement, as it was and as it is, by the line it began in."""
        known = self._spread.get(old)
        if known is None:
            known = self._spread[old] = {}
            before, after = (
                codes_inside(_compile(outline, statement, filename))
                for outline, statement, filename in (
                    (self._old, old, self._before),
                    (self._new, new, self._filename),
                )
            )
            for one, other in zip(before, after, strict=True):
                known.setdefault(one.co_firstlineno, []).append((one, other))
        return known


def _compile(outline: Outline, statement: Statement, filename: str) -> CodeType:
    tree = ast.Module(body=[outline.node(statement)], type_ignores=[])
    code: CodeType = compile(tree, filename, "exec", flags=outline.flags, dont_inherit=True)
    return code


def _alike(one: CodeType, other: CodeType) -> bool:
    return one.co_qualname == other.co_qualname and same_behaviour(one, other)


def codes_inside(code: CodeType) -> Iterator[CodeType]:
    """Yield the code objects inside ``code``, however deep."""
    for constant in code.co_consts:
        if is_a(constant, CodeType):
            yield constant
            yield from codes_inside(constant)


def relocate(
    writes: Writes,
    values: Iterable[object],
    moves: Moves,
    module: str,
    skip: Callable[[object], bool],
    tell: Callable[[FunctionType, CodeType], object],
) -> None:
    """Add writes that correct the line numbers of functions found inside ``values``.

    :param skip: whether a function gets new code anyway.
    :param tell: called with each function that moves and its code at the new place.
    """
    item: Any
    for item in _definitions(values, module):
        if skip(item):
            continue
        if is_a(item, FunctionType):
            code = moves.code(item.__code__)
            if code is not None:
                writes.attribute(item, "__code__", code)
                tell(item, code)
        elif is_a(item, type):
            first = members_of(item).get("__firstlineno__")  # Python 3.13
            if first is not None and (line := moves.line(first)) != first:
                writes.class_attribute(item, "__firstlineno__", line)


def relocate_new(born: Iterable[object], moves: Moves, made_now: CodeType | None) -> None:
    """Correct the line numbers of new functions that functions which only moved have made.

    :param made_now: what was compiled from the new source.
    """
    new = set(map(id, codes_inside(made_now))) if made_now is not None else set()
    for item in born:
        if type(item) is FunctionType and id(item.__code__) not in new:
            code = moves.code(item.__code__)
            if code is not None:
                item.__code__ = code


def shifted(
    code: CodeType, shift: int, filename: str, known: dict[int, tuple[CodeType, CodeType]]
) -> CodeType:
    """Return ``code`` and the code inside it, ``shift`` lines further down in the file of that name.

    :param known: what was shifted before, by the id of the code: a function that another one has made
        goes on having its code in common with it.
    """
    found = known.get(id(code))
    if found is None:
        constants = tuple(
            shifted(c, shift, filename, known) if type(c) is CodeType else c for c in code.co_consts
        )
        first = code.co_firstlineno + shift
        new = code.replace(co_firstlineno=first, co_consts=constants, co_filename=filename)
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
            pending += contents_of(item.__closure__)
            pending += vars(item).values()
        elif is_a(item, type):
            if item.__module__ == module:
                yield item
                pending += members_of(item).values()
        elif is_a(item, staticmethod | classmethod | MethodType):
            pending.append(item.__func__)
        elif is_a(item, property):
            pending += (item.fget, item.fset, item.fdel)
        elif is_a(item, LruCache):
            pending.append(item.__wrapped__)
        elif is_a(item, functools.partial):
            pending.append(item.func)
        elif callable(item) or any(
            "__get__" in members_of(c) for c in of_type(type(item), "__mro__")
        ):
            pending += (attributes_of(item) or {}).values()
