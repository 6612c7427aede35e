"""Writes to live objects, each with its inverse; applied in one go, or taken back.

A write is data: a C function and its arguments. A list of writes is applied by one call that runs in C
from the first to the last, so the interpreter neither switches threads nor runs signal handlers in
between, however long the list is.
"""

from __future__ import annotations

import operator
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import starmap
from types import CellType, MemberDescriptorType
from typing import Any

from ..collector import CollectorPaused
from .objects import is_a, members_of, setter_of

Call = tuple[Any, ...]  # (function, *arguments), for operator.call

_ABSENT: Any = object()


class Writes:
    """An ordered list of writes that can be applied once and then taken back once."""

    def __init__(self) -> None:
        self._do: list[Call] = []
        self._undo: list[tuple[Call, ...]] = []
        self._last: list[Call] = []
        self.done = 0
        self._quiet = False

    def __len__(self) -> int:
        return len(self._do)

    def add(self, do: Call, *undo: Call) -> None:
        """Add one write; ``undo`` are its inverse, in the order in which they are to happen."""
        self._do.append(do)
        self._undo.append(undo)

    def silence_kind_change(self) -> None:
        """Say that a plain function becomes a generator, or the like, on purpose (Python warns)."""
        self._quiet = True

    def finally_undo(self, *undo: Call) -> None:
        """Add what happens after all other inverses, such as putting back an order of names."""
        self._last.extend(undo)

    # -- the kinds of writes -------------------------------------------------------------------

    def attribute(self, target: object, name: str, value: object) -> None:
        """Set an attribute of an instance, function or module object."""
        old = getattr(target, name, _ABSENT)
        if old is value:
            return
        undo = (delattr, target, name) if old is _ABSENT else (setattr, target, name, old)
        self.add((setattr, target, name, value), undo)

    def class_attribute(self, cls: type, name: str, value: object) -> None:
        """Set a class attribute, past the metaclass."""
        old = members_of(cls).get(name, _ABSENT)
        if old is value:
            return
        undo: Call = (setter_of(cls), cls, name, old)
        if old is _ABSENT:
            undo = (setter_of(cls, "__delattr__"), cls, name)
        self.add((setter_of(cls), cls, name, value), undo)

    def delete_class_attribute(self, cls: type, name: str) -> None:
        """Delete a class attribute, past the metaclass."""
        old = members_of(cls)[name]
        self.add((setter_of(cls, "__delattr__"), cls, name), (setter_of(cls), cls, name, old))

    def item(self, mapping: dict[Any, Any], key: object, value: object) -> None:
        """Set an item of a dict."""
        old = mapping.get(key, _ABSENT)
        if old is value:
            return
        undo: Call = (dict.__setitem__, mapping, key, old)
        if old is _ABSENT:
            undo = (dict.pop, mapping, key, None)
        self.add((dict.__setitem__, mapping, key, value), undo)

    def delete_item(self, mapping: dict[Any, Any], key: object) -> None:
        """Delete an item of a dict."""
        self.add((dict.pop, mapping, key, None), (dict.__setitem__, mapping, key, mapping[key]))

    def contents(self, target: Any, new: Any) -> None:
        """Give a list, dict, set or deque the contents of ``new``, keeping the object."""
        first, *rest = _refill(target, new)
        self.add(first, *_refill(target, target.copy()))
        for call in rest:
            self.add(call)

    def cell(self, cell: CellType, value: object) -> None:
        """Set the contents of a closure cell."""
        try:
            old = cell.cell_contents
        except ValueError:
            undo: Call = (delattr, cell, "cell_contents")
        else:
            if old is value:
                return
            undo = (setattr, cell, "cell_contents", old)
        self.add((setattr, cell, "cell_contents", value), undo)

    def slot(self, member: MemberDescriptorType, target: object, value: object) -> None:
        """Set a slot that is not empty, past any ``__setattr__``."""
        old = member.__get__(target)
        self.add((member.__set__, target, value), (member.__set__, target, old))

    # -- doing and undoing ---------------------------------------------------------------------

    def apply(self) -> None:
        """Do all writes. If one raises, those done are taken back and its error is raised."""
        pending = iter(self._do)
        self.done = 0
        try:
            # A collection would run finalisers, that is Python code, in between.
            with CollectorPaused(), self._warnings():
                _run(pending)
                if left := operator.length_hint(pending):
                    # A write raised StopIteration, which ends the run without a word.
                    raise RuntimeError(f"a write stopped short, with {left} more to come")
                self.done = len(self._do)
        except BaseException:
            # The failing write counts as done: its inverse restores a value that is still there.
            self.done = len(self._do) - operator.length_hint(pending)
            self.take_back()
            raise

    def take_back(self) -> list[BaseException]:
        """Undo what was done, newest first; return what could not be undone."""
        with CollectorPaused(), self._warnings():  # as for apply()
            return self._take_back()

    @contextmanager
    def _warnings(self) -> Iterator[None]:
        if not self._quiet:
            yield
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield

    def _take_back(self) -> list[BaseException]:
        inverses = [call for undo in reversed(self._undo[: self.done]) for call in undo]
        self.done = 0
        failed: list[BaseException] = []
        pending = iter([*inverses, *self._last])
        while True:
            try:
                _run(pending)
            except Exception as error:  # noqa: BLE001 - the other inverses are tried all the same
                failed.append(error)
            else:
                if not operator.length_hint(pending):
                    return failed
                failed.append(RuntimeError("an inverse write stopped short"))


_drain: Any = deque(maxlen=0).extend


def _run(calls: Iterable[Call]) -> None:
    _drain(starmap(operator.call, calls))


def _refill(target: Any, fill: Any) -> list[Call]:
    if is_a(target, list):
        return [(list.__setitem__, target, slice(None), list(fill))]
    if is_a(target, dict):
        return [(dict.clear, target), (dict.update, target, dict(fill))]
    if is_a(target, set):
        return [(set.clear, target), (set.update, target, set(fill))]
    return [(deque.clear, target), (deque.extend, target, list(fill))]


def reorder_class(cls: type, order: list[str]) -> list[Call]:
    """Return calls that bring a class's names back into ``order``, for use after all inverses."""
    return [(_reorder, cls, order)]


def _reorder(cls: type, order: list[str]) -> None:
    now = list(members_of(cls))
    first = next(
        (i for i, (a, b) in enumerate(zip(now, order, strict=False)) if a != b), len(order)
    )
    # A class does not let go of its __doc__, not even for a moment.
    wanted = [name for name in order[first:] if name in members_of(cls) and name != "__doc__"]
    values = [(name, members_of(cls)[name]) for name in wanted]
    for name, value in values:
        setter_of(cls, "__delattr__")(cls, name)
        setter_of(cls)(cls, name, value)
