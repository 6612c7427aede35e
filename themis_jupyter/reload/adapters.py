"""Kinds of classes whose bookkeeping needs more than a copy of attributes."""

from __future__ import annotations

import enum
import sys
from typing import Any

from ..errors import UnpatchableError

_set_type_attribute = type.__setattr__


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


def check_member(old: object, new: object, name: str) -> None:
    """Refuse another value for an enum member that *is* a number or a string.

    :raises UnpatchableError: its value would have to change.
    """
    if not isinstance(old, enum.Enum) or not isinstance(new, enum.Enum):
        return
    if type(old)._member_type_ is object or old._value_ == new._value_:
        return
    kind = type(old)._member_type_.__name__
    raise UnpatchableError(
        name,
        f"enum member {name} changed its value from {old._value_!r} to {new._value_!r}. It is "
        f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} itself, and the value of a live one cannot "
        "change. Give the member another name, or restart the kernel.",
    )


def reads_annotations(cls: object) -> bool:
    """Return whether a class worked out at its creation what its annotations mean (pydantic)."""
    return isinstance(cls, type) and "__pydantic_core_schema__" in vars(cls)


def finish_class(new: type) -> None:
    """Make a new class, whose references have been replaced, ready to give its contents to the old one.

    pydantic compiles its schema into objects that cannot be looked into. The schema itself is plain
    data that names the old class by now; it is compiled again.
    """
    if not reads_annotations(new) or "pydantic_core" not in sys.modules:
        return
    schema = vars(new)["__pydantic_core_schema__"]
    if not isinstance(schema, dict):  # its building was put off until first use
        return
    core = sys.modules["pydantic_core"]
    _set_type_attribute(new, "__pydantic_validator__", core.SchemaValidator(schema))
    _set_type_attribute(new, "__pydantic_serializer__", core.SchemaSerializer(schema))
