"""How objects that cannot be saved are made again, as a plugin's author tells it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import StateError
from ..plugin import Plugin, reconnected_by


def recipes_of(instance: Plugin) -> dict[type, Callable[[Any], tuple[Any, ...]]]:
    """Return the recipes of a plugin's class, by the type that each is for."""
    found: dict[type, Callable[[Any], tuple[Any, ...]]] = {}
    for base in reversed(type(instance).__mro__):
        for name, member in vars(base).items():
            for kind in reconnected_by(getattr(member, "__func__", member)):
                found[kind] = partial(_checked, getattr(instance, name), name, instance)
    return found


def _checked(
    recipe: Callable[[Any], Any], name: str, instance: Plugin, obj: object
) -> tuple[Any, ...]:
    told = recipe(obj)
    good = isinstance(told, tuple) and len(told) == 2 and callable(told[0])
    if not good or not isinstance(told[1], tuple):
        raise StateError(
            type(instance).__module__,
            f"{type(instance).__name__}.{name}() returned {told!r}; expected a function and its arguments, "
            "such as (sqlite3.connect, (path,)).",
        )
    checked: tuple[Any, ...] = told
    return checked
