"""Containers elsewhere that the statements put new objects into (``REGISTRY.append(f)``)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from .substitute import Substitution
from .surroundings import Surroundings
from .watches import ContainerWatch
from .writes import Writes

_ABSENT: Any = object()


def settle_registries(
    writes: Writes,
    surroundings: Surroundings,
    substitute: Substitution,
    own: Iterable[dict[str, Any]],
) -> None:
    """Add writes that put old objects in the place of new ones in what the statements changed.

    An old object that was registered before, and whose successor was registered again, stands there once.

    :param own: namespaces of the modules themselves, which are written elsewhere.
    """
    skip = {id(namespace) for namespace in own}
    for watch in surroundings.changed():
        if id(watch.target) in skip:
            continue
        if isinstance(watch.target, dict):
            _settle_dict(writes, watch.target, substitute)
        else:
            _settle_elements(writes, watch, substitute)
    for changed in surroundings.changed_classes():
        cls = changed.target
        for key, value in list(vars(cls).items()):
            if changed.before.get(key, _ABSENT) is not value:
                new = substitute(value)
                if new is not value:
                    writes.class_attribute(cls, key, new)


def _settle_dict(writes: Writes, target: dict[Any, Any], substitute: Substitution) -> None:
    if all(substitute(key) is key for key in target):
        for key, value in list(target.items()):
            new = substitute(value)
            if new is not value:
                writes.item(target, key, new)
    else:
        writes.contents(target, {substitute(k): substitute(v) for k, v in target.items()})


def _settle_elements(writes: Writes, watch: ContainerWatch, substitute: Substitution) -> None:
    target = watch.target
    known = {id(value) for value in watch.before}
    elements: list[Any] = []
    changed = False
    for value in target:
        new = substitute(value)
        if new is not value:
            changed = True
            if id(new) in known:
                continue
        elements.append(new)
    if changed:
        writes.contents(target, deque(elements) if isinstance(target, deque) else elements)
