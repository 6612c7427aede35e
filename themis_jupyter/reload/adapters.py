"""Kinds of classes whose bookkeeping needs more than a copy of attributes."""

from __future__ import annotations

import enum
import operator
import sys
from collections import deque
from collections.abc import Iterable
from itertools import starmap
from typing import Any

from ..errors import UnpatchableError
from .objects import is_a, members_of

_set_type_attribute = type.__setattr__
_SCHEMA = "__pydantic_core_schema__"
_COMPLETE = "__pydantic_complete__"


def keep_composites(old: type, new: type) -> None:
    """Let a new ``Flag`` class know the composite members (``R | W``) that the old one has made.

    :param new: not yet in use; its map of values is filled up.
    """
    if not (issubclass(new, enum.Flag) and issubclass(old, enum.Flag)):
        return
    known: dict[Any, Any] = new._value2member_map_
    mask: int = new._flag_mask_  # type: ignore[attr-defined]
    named = set(map(id, old._member_map_.values()))
    for value, member in old._value2member_map_.items():
        if id(member) not in named and isinstance(value, int) and not value & ~mask:
            known.setdefault(value, member)


def check_member(old: Any, new: Any, name: str) -> None:
    """Refuse another value for an enum member that *is* a number or a string.

    :raises UnpatchableError: its value would have to change.
    """
    if not is_a(old, enum.Enum) or not is_a(new, enum.Enum):
        return
    base: type = type(old)._member_type_
    if base is object or old._value_ == new._value_:
        return
    kind = base.__name__
    raise UnpatchableError(
        name,
        f"enum member {name} changed its value from {old._value_!r} to {new._value_!r}. It is "
        f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} itself, and the value of a live one cannot "
        "change. Give the member another name, or restart the kernel.",
    )


# What ctypes reads when it lays out a structure; none of it can be set once more.
_LAYOUT = ("_fields_", "_pack_", "_align_", "_anonymous_", "_layout_")


def fields_of(cls: type) -> list[str]:
    """Return how a ctypes structure is laid out, in words; empty for other classes."""
    if not _is_structure(cls):
        return []
    members = members_of(cls)
    found = [f"{key}={members[key]!r}" for key in _LAYOUT[1:] if key in members]
    for name, kind, *bits in members.get(_LAYOUT[0], ()):
        # A pointer to the class itself is another one for each new class: it is told by its name.
        found.append(f"{name}: {kind.__name__} {sys.modules['ctypes'].sizeof(kind)} {bits}")
    return found


def _is_structure(cls: type) -> bool:
    """Return whether a class is a ctypes structure or union."""
    ctypes = sys.modules.get("ctypes")
    return ctypes is not None and issubclass(cls, ctypes.Structure | ctypes.Union)


def is_layout(name: str, value: object) -> bool:
    """Return whether a member of a class is where its ctypes fields are, which stays as it is."""
    return name in _LAYOUT or type(value).__name__ == "CField"


def reads_annotations(cls: object) -> bool:
    """Return whether a class worked out at its creation what its annotations mean (pydantic)."""
    return is_a(cls, type) and _SCHEMA in members_of(cls)


def finish_classes(pairs: Iterable[tuple[Any, type]]) -> None:
    """Make new classes, whose references have been replaced, ready to give their contents to old ones.

    pydantic compiles its schema into objects that cannot be looked into. The schema itself is plain
    data that names the old classes by now; it is compiled again.

    :param pairs: old and new classes.
    """
    models = [(old, new) for old, new in pairs if reads_annotations(old) and reads_annotations(new)]
    models = [pair for pair in models if isinstance(vars(pair[1])[_SCHEMA], dict)]
    core = sys.modules.get("pydantic_core")
    if core is None or not models:
        return
    # Of a class that is complete, pydantic would take the old validator, also inside others. One run of
    # calls in C, as in writes.py, keeps other threads from seeing a class incomplete.
    was = [
        (_set_type_attribute, old, _COMPLETE, vars(old).get(_COMPLETE, False)) for old, _ in models
    ]
    steps: list[tuple[Any, ...]] = [
        (_set_type_attribute, old, _COMPLETE, False) for old, _ in models
    ]
    for _, new in models:
        schema = vars(new)[_SCHEMA]
        steps += [(core.SchemaValidator, schema), (core.SchemaSerializer, schema)]
    try:
        made = list(starmap(operator.call, [*steps, *was]))[len(models) : -len(models)]
    except BaseException:
        deque(starmap(operator.call, was), maxlen=0)
        raise
    for index, (_, new) in enumerate(models):
        _set_type_attribute(new, "__pydantic_validator__", made[2 * index])
        _set_type_attribute(new, "__pydantic_serializer__", made[2 * index + 1])
