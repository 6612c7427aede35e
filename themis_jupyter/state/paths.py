"""Where in a state an object is, in words such as ``state.cache[3].lock``."""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from .by_value import is_findable

#: Objects that are looked at before the search is given up.
LIMIT = 2_000_000


def path_to(target: object, root: object, name: str = "state") -> str | None:
    """Return the shortest way from ``root`` to ``target``; None where there is none to be seen.

    A mapping's first level is written as attributes: that is what the state of a plugin mostly is.
    """
    # Each object once, with what led to it: for the way back, and to keep it alive.
    came: dict[int, tuple[object, int | None, str]] = {id(root): (root, None, name)}
    pending: deque[tuple[object, int]] = deque([(root, 0)])
    while pending and len(came) < LIMIT:
        item, depth = pending.popleft()
        if item is target:
            return _way(came, id(item))
        for step, part in _parts(item, depth == 0):
            if id(part) not in came and not isinstance(part, str | bytes | int | float | None):
                came[id(part)] = (part, id(item), step)
                pending.append((part, depth + 1))
    return None


def _way(came: Mapping[int, tuple[object, int | None, str]], at: int | None) -> str:
    steps: list[str] = []
    while at is not None:
        _, at, step = came[at]
        steps.append(step)
    return "".join(reversed(steps))


def _parts(item: Any, first: bool) -> Iterator[tuple[str, object]]:
    """Yield what is inside an object, each with how it is reached."""
    if isinstance(item, dict):
        for key, value in list(dict.items(item)):
            plain = first and isinstance(key, str) and key.isidentifier()
            yield (f".{key}" if plain else f"[{_short(key)}]"), value
            yield f" (a key)[{_short(key)}]", key
    elif isinstance(item, list | tuple | deque):
        yield from ((f"[{index}]", value) for index, value in enumerate(list(item)))
    elif isinstance(item, set | frozenset):
        yield from ((f"{{{_short(value)}}}", value) for value in list(item))
    elif isinstance(item, types.MethodType):
        yield ".__self__", item.__self__
    elif isinstance(item, types.FunctionType):
        for name, cell in zip(item.__code__.co_freevars, item.__closure__ or (), strict=False):
            yield f"(variable {name})", cell
        yield from ((f"(default {index})", v) for index, v in enumerate(item.__defaults__ or ()))
        if not _is_known(item):
            names = [name for name in _names(item.__code__) if name in item.__globals__]
            yield from ((f"(global {name})", item.__globals__[name]) for name in names)
    elif isinstance(item, property):
        yield from ((".fget", item.fget), (".fset", item.fset), (".fdel", item.fdel))
    elif isinstance(item, staticmethod | classmethod):
        yield "", item.__func__
    elif isinstance(item, type):
        if not _is_known(item):
            yield from ((f".{key}", value) for key, value in list(vars(item).items()))
            yield from ((f".__bases__[{index}]", b) for index, b in enumerate(item.__bases__))
        return
    elif isinstance(item, types.CellType):
        try:
            yield "", item.cell_contents
        except ValueError:  # empty
            return
    try:
        attributes = object.__getattribute__(item, "__dict__")
    except Exception:  # noqa: BLE001 - a class may have a property of that name
        attributes = None
    if type(attributes) is dict:
        yield from ((f".{key}", value) for key, value in list(attributes.items()))
    for owner in type(item).__mro__:
        for key, member in vars(owner).items() if "__slots__" in vars(owner) else ():
            if isinstance(member, types.MemberDescriptorType):
                try:
                    yield f".{key}", member.__get__(item)
                except AttributeError:
                    continue
    if not _is_known(type(item)):
        yield ".__class__", type(item)


def _is_known(obj: Any) -> bool:
    """Return whether a function or class is saved by its name alone."""
    return obj.__module__ != "__main__" and is_findable(obj)


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _short(key: object) -> str:
    try:
        text = repr(key)
    except Exception:  # noqa: BLE001 - somebody else's __repr__
        return f"<{type(key).__name__}>"
    return text if len(text) <= 40 else text[:37] + "..."
