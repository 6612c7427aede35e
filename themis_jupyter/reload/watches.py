"""Things that statements may change, each with its contents as they were, and how to bring them back."""

from __future__ import annotations

import operator
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from itertools import starmap
from types import FunctionType
from typing import Any, Protocol

from .deltas import ABSENT, keys_to_undo, same_elements, without_change
from .objects import is_a, members_of, set_class, setter_of
from .writes import reorder_class


class Watch(Protocol):
    """One watched thing."""

    where: str

    def changed(self) -> bool:
        """Return whether it is not what it was."""

    def settle(self) -> None:
        """Take what it is now for what the statements made of it: what comes later is not theirs."""

    def restore(self) -> None:
        """Make it what it was, but for what was done to it since :meth:`settle`."""


class ContainerWatch:
    """A list, dict, set or deque."""

    __slots__ = ("_after", "_order", "before", "target", "where")

    def __init__(self, target: Any, where: str) -> None:
        self.target = target
        self.where = where
        self._order: list[Any] | None = None
        if is_a(target, OrderedDict):  # has an order of its own, beside that of its base
            self._order = list(OrderedDict.keys(target))
        self.before = _contents(target)
        self._after: Any = None

    def settle(self) -> None:
        self._after = _contents(self.target)

    def changed(self) -> bool:
        now, before = self.target, self.before
        if size_of(now) != len(before):
            return True
        if is_a(now, OrderedDict) and list(OrderedDict.keys(now)) != self._order:
            return True
        if is_a(now, dict):
            return not (
                all(map(operator.is_, dict.keys(now), before))
                and all(map(operator.is_, dict.values(now), before.values()))
            )
        if is_a(now, set):
            ids = set(map(id, before))
            return not ids.issuperset(map(id, set.__iter__(now)))
        return not all(map(operator.is_, elements_of(now), before))

    def restore(self) -> None:
        now = self.target
        if self._after is not None and not self._is_settled():
            self._restore_part()
        elif is_a(now, OrderedDict):
            OrderedDict.clear(now)
            OrderedDict.update(now, ((key, self.before[key]) for key in self._order or ()))
        elif is_a(now, dict):
            restore_dict(now, self.before)
        elif is_a(now, set):
            _at_once((set.clear, now), (set.update, now, self.before))
        elif is_a(now, list):
            list.__setitem__(now, slice(None), self.before)
        else:
            _at_once((deque.clear, now), (deque.extend, now, self.before))

    def _is_settled(self) -> bool:
        """Whether nobody has changed it since :meth:`settle`."""
        now, after = self.target, self._after
        if is_a(now, dict):
            return dict.__len__(now) == len(after) and all(
                dict.get(now, key, ABSENT) is value for key, value in after.items()
            )
        if is_a(now, set):
            return {*map(id, set.__iter__(now))} == {*map(id, after)}
        return same_elements(elements_of(now), after)

    def _restore_part(self) -> None:
        now, before, after = self.target, self.before, self._after
        if is_a(now, dict):
            base = OrderedDict if is_a(now, OrderedDict) else dict
            for key, value in keys_to_undo(dict.copy(now), before, after).items():
                if value is ABSENT:
                    base.pop(now, key, None)
                else:
                    base.__setitem__(now, key, value)
        elif is_a(now, set):
            set.difference_update(now, after - before)
            set.update(now, before - after)
        elif is_a(now, list):
            list.__setitem__(now, slice(None), without_change(elements_of(now), before, after))
        else:
            wanted = without_change(elements_of(now), before, after)
            _at_once((deque.clear, now), (deque.extend, now, wanted))


def _contents(target: Any) -> Any:
    if is_a(target, dict):
        return dict.copy(target)
    return set(target) if is_a(target, set) else elements_of(target)


def elements_of(container: Any) -> list[Any]:
    """Return what a list, deque or set holds, past any method of a class derived from it."""
    base = next(base for base in (list, deque, set) if is_a(container, base))
    return list(base.__iter__(container))


def size_of(container: Any) -> int:
    """Return how many elements a list, dict, set or deque has, past any ``__len__`` of its own."""
    base = next(base for base in (list, dict, set, deque) if is_a(container, base))
    return base.__len__(container)


def restore_dict(now: dict[Any, Any], before: dict[Any, Any]) -> None:
    """Bring a dict back, element by element; only where the order differs, by filling it again."""
    for key in [key for key in dict.keys(now) if key not in before]:
        dict.pop(now, key, None)
    for key, value in before.items():
        if dict.get(now, key, ABSENT) is not value:
            dict.__setitem__(now, key, value)
    if not all(map(operator.is_, dict.keys(now), before)):
        _at_once((dict.clear, now), (dict.update, now, before))


def _at_once(*calls: tuple[Any, ...]) -> None:
    """Do several calls in one run in C: nobody sees a container half empty (builtins, for one)."""
    deque(starmap(operator.call, calls), maxlen=0)


class ClassWatch:
    """A class: its attributes and their order."""

    __slots__ = ("_after", "before", "target", "where")

    def __init__(self, target: type, where: str) -> None:
        self.target = target
        self.where = where
        self.before = dict(members_of(target))
        self._after: dict[str, Any] | None = None

    def settle(self) -> None:
        self._after = dict(members_of(self.target))

    def changed(self) -> bool:
        now = members_of(self.target)
        return len(now) != len(self.before) or any(
            now.get(key, ABSENT) is not value for key, value in self.before.items()
        )

    def restore(self) -> None:
        cls, now = self.target, dict(members_of(self.target))
        after = now if self._after is None else self._after
        for key, value in keys_to_undo(now, self.before, after).items():
            if value is ABSENT:
                setter_of(cls, "__delattr__")(cls, key)
            else:
                setter_of(cls)(cls, key, value)
        if members_of(cls).keys() == self.before.keys():
            for function, *arguments in reorder_class(cls, list(self.before)):
                function(*arguments)


class ObjectWatch:
    """What an object has besides its ``__dict__``: its class, its slots, a function's code."""

    __slots__ = ("_after", "_before", "_members", "target", "where")

    def __init__(self, target: Any, where: str, members: list[types.MemberDescriptorType]) -> None:
        self.target = target
        self.where = where
        self._members = members
        self._before = self._now()
        self._after: dict[str, Any] | None = None

    def settle(self) -> None:
        self._after = self._now()

    def _now(self) -> dict[str, Any]:
        now: dict[str, Any] = {"__class__": type(self.target)}
        if is_a(self.target, FunctionType):
            for name in _OF_FUNCTIONS:
                now[name] = getattr(self.target, name)
        now.update((member.__name__, value) for member, value in self.slots())
        return now

    def slots(self) -> Iterator[tuple[types.MemberDescriptorType, Any]]:
        """Yield what is in the slots now."""
        for member in self._members:
            try:
                yield member, member.__get__(self.target)
            except AttributeError:
                continue

    def changed(self) -> bool:
        now = self._now()
        return now.keys() != self._before.keys() or any(
            now[key] is not value for key, value in self._before.items()
        )

    def restore(self) -> None:
        now = self._now()
        undo = keys_to_undo(now, self._before, now if self._after is None else self._after)
        if "__class__" in undo:
            set_class(self.target, undo["__class__"])
        for member in self._members:
            value = undo.get(member.__name__, self)
            if value is ABSENT:
                member.__delete__(self.target)
            elif value is not self:
                member.__set__(self.target, value)
        for name in _OF_FUNCTIONS:
            if name in undo:
                setattr(self.target, name, undo[name])


_OF_FUNCTIONS = (
    "__code__",
    "__defaults__",
    "__kwdefaults__",
    "__doc__",
    "__name__",
    "__qualname__",
)


class AttributeWatch:
    """Chosen attributes of a module that belongs to Python itself."""

    __slots__ = ("_before", "_names", "_renew", "_settled", "target", "where")

    def __init__(
        self,
        target: types.ModuleType,
        names: tuple[str, ...],
        renew: Callable[[], object] | None = None,
    ) -> None:
        self.target = target
        self.where = target.__name__
        self._names = names
        self._renew = renew
        self._before = self._now()
        self._settled: dict[str, Any] | None = None

    def _now(self) -> dict[str, Any]:
        return {name: getattr(self.target, name, ABSENT) for name in self._names}

    def settle(self) -> None:
        self._settled = self._now()

    def changed(self) -> bool:
        return any(
            getattr(self.target, name, ABSENT) is not value for name, value in self._before.items()
        )

    def restore(self) -> None:
        now = self._now()
        after = now if self._settled is None else self._settled
        for name, value in keys_to_undo(now, self._before, after).items():
            if value is ABSENT:
                vars(self.target).pop(name, None)
            else:
                setattr(self.target, name, value)
        if self._renew is not None:
            self._renew()
