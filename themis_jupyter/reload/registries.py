"""Containers elsewhere that the statements put new objects into (``REGISTRY.append(f)``)."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from types import MethodType
from typing import Any

from .objects import PLAIN, attributes_of, is_a, members_of, partial_state, slot_members
from .substitute import Substitution
from .surroundings import Surroundings
from .watches import ContainerWatch, elements_of
from .writes import Writes

_ABSENT: Any = object()
# How far into an element it is looked whether it says the same as another one.
_DEPTH = 6


def settle_registries(
    writes: Writes,
    surroundings: Surroundings,
    substitute: Substitution,
    own: Iterable[dict[str, Any]],
    is_ours: Callable[[object], bool],
) -> None:
    """Add writes that put old objects in the place of new ones in what the statements changed.

    An old object that was registered before, and whose successor was registered again, stands there once;
    be it by itself or inside of a tuple, a partial, a record.

    :param own: namespaces of the modules themselves, which are written elsewhere.
    :param is_ours: whether an object is an old one that has a successor.
    """
    skip = {id(namespace) for namespace in own}
    for watch in surroundings.changed():
        if id(watch.target) in skip:
            continue
        if is_a(watch.target, dict):
            _settle_dict(writes, watch.target, substitute)
        else:
            _settle_elements(writes, watch, substitute, is_ours)
    for changed in surroundings.changed_classes():
        cls = changed.target
        for key, value in list(members_of(cls).items()):
            if changed.before.get(key, _ABSENT) is not value:
                new = substitute(value)
                if new is not value:
                    writes.class_attribute(cls, key, new)
    for holder in surroundings.changed_objects():
        for member, value in holder.slots():
            new = substitute(value)
            if new is not value:
                writes.slot(member, holder.target, new)


def _settle_dict(writes: Writes, target: dict[Any, Any], substitute: Substitution) -> None:
    pairs = list(dict.items(target))
    if all(substitute(key) is key for key, _ in pairs):
        for key, value in pairs:
            new = substitute(value)
            if new is not value:
                writes.item(target, key, new)
    else:
        writes.contents(target, {substitute(key): substitute(value) for key, value in pairs})


def _settle_elements(
    writes: Writes,
    watch: ContainerWatch,
    substitute: Substitution,
    is_ours: Callable[[object], bool],
) -> None:
    target = watch.target
    known = {id(value) for value in watch.before}
    said: set[Hashable] | None = None
    elements: list[Any] = []
    changed = False
    for value in elements_of(target):
        new = substitute(value)
        changed = changed or new is not value
        if id(value) not in known and not is_a(target, set):
            saying = _Saying(is_ours)
            key = saying.of(new)
            if saying.names_ours:
                if said is None:
                    said = {_Saying(is_ours).of(before) for before in watch.before}
                if key in said:
                    changed = True
                    continue
        elements.append(new)
    if changed:
        writes.contents(target, deque(elements) if is_a(target, deque) else elements)


class _Saying:
    """Works out what an element says: equal for two that were registered for the same reason."""

    def __init__(self, is_ours: Callable[[object], bool]) -> None:
        self._is_ours = is_ours
        #: Whether it names an old object that has a successor.
        self.names_ours = False

    def of(self, value: Any, depth: int = _DEPTH) -> Hashable:
        kind = type(value)
        if id(kind) in PLAIN or value is None:
            return id(kind), value
        if self._is_ours(value):
            self.names_ours = True
            return id(value)
        parts = self._parts(value) if depth else None
        if parts is None:
            return id(value)
        return id(kind), *(self.of(part, depth - 1) for part in parts)

    def _parts(self, value: Any) -> Iterable[object] | None:
        """Return what a value consists of; None where it is only itself."""
        if is_a(value, tuple):
            return tuple.__iter__(value)
        if is_a(value, list | deque):
            return elements_of(value)
        if is_a(value, dict):
            return (part for pair in dict.items(value) for part in pair)
        if is_a(value, functools.partial):
            function, args, keywords, _ = partial_state(value)
            return [function, args, keywords]
        if is_a(value, MethodType):
            return [value.__func__, value.__self__]
        attributes = attributes_of(value)
        slots = slot_members(type(value))
        if is_a(value, type) or callable(value) or (attributes is None and not slots):
            return None
        found: list[object] = [*(attributes or {}).values()]
        for member in slots:
            try:
                found.append(member.__get__(value))
            except AttributeError:
                found.append(_ABSENT)
        return found
