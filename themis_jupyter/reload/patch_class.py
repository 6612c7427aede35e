"""From an old class and its successor to the writes that make the old one behave as the new."""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]
from collections.abc import Iterable, Set
from types import GetSetDescriptorType, MemberDescriptorType

from ..errors import UnpatchableError
from .adapters import fields_of, is_layout
from .match import OF_THE_CLASS_ITSELF
from .objects import PLAIN, is_a, members_of, of_type, set_bases
from .substitute import Substitution
from .writes import Writes, reorder_class

#: A class, the bases that it is to get, and its qualified name.
NewBases = tuple[type, tuple[type, ...], str]

# Written by Python, told by other means in the report.
_SILENT = frozenset(
    {"__module__", "__firstlineno__", "__static_attributes__", "__doc__", "__annotations__"}
    | {"__qualname__", "__abstractmethods__", "__orig_bases__", "__parameters__", "__dict__"}
)


def patch_class(
    writes: Writes,
    old: type,
    new: type,
    substitute: Substitution,
    *,
    name: str,
    module: str,
    made_by_source: Set[str],
    keep: Set[str] = frozenset(),
    new_bases: list[NewBases],
) -> list[str]:
    """Add the writes for one class. Its methods, being pairs of their own, are not its concern.

    :param module: name of the module that the class statement is in.
    :param made_by_source: names that the old source (body, decorators, metaclass) put into the class;
        others were set from outside and stay.
    :param keep: names that keep their live value, because their statements did not change.
    :param new_bases: gets what is for :func:`patch_bases`.
    :returns: names of attributes that were added, changed or removed, each with its verb.
    :raises UnpatchableError: CPython cannot make this change to a live class.
    """
    _check_layout(old, new, substitute, name)
    before, after = members_of(old), members_of(new)
    order = list(before)
    told: list[str] = []
    for key, value in after.items():
        if key in OF_THE_CLASS_ITSELF or is_a(value, MemberDescriptorType):
            continue
        if is_a(value, GetSetDescriptorType) or key == "__slots__" or is_layout(key, value):
            continue
        if key in keep and key in before:
            continue
        if key == "__module__" and value == module != before.get(key):
            continue  # somebody gave it another one, for the eye
        replacement = substitute(value)
        if key in before and same_value(before[key], replacement):
            continue
        writes.class_attribute(old, key, replacement)
        if key not in _SILENT:
            told.append(f"{'changed' if key in before else 'added'} {key}")
    for key in order:
        if key in after or key not in made_by_source or key in OF_THE_CLASS_ITSELF:
            continue
        if is_a(before[key], MemberDescriptorType | GetSetDescriptorType):
            continue
        writes.delete_class_attribute(old, key)
        told.append(f"removed {key}")
    writes.finally_undo(*reorder_class(old, order))
    bases = tuple(map(substitute, of_type(new, "__bases__")))
    if bases != of_type(old, "__bases__"):
        new_bases.append((old, bases, name))
        told.append("changed bases")
    _forget_abc_caches(writes, old)
    return told


def same_value(old: object, new: object) -> bool:
    """Return whether putting ``new`` in the place of ``old`` would change nothing."""
    if old is new:
        return True
    # Equal constants of one type need no write; anything else may compare in its own way.
    return (
        type(old) is type(new) and id(type(old)) in PLAIN and old == new and repr(old) == repr(new)
    )


def _check_layout(old: type, new: type, substitute: Substitution, name: str) -> None:
    """Refuse what CPython cannot do to a class that has instances.

    :raises UnpatchableError: other slots, another metaclass, another built-in base.
    """
    way_out = (
        "Live objects of the old class cannot become objects of the new one. Give the class another "
        "name, or restart the kernel."
    )
    if _slots(old) != _slots(new):
        raise UnpatchableError(
            name,
            f"class {name} changed __slots__ from {_slots(old)} to {_slots(new)}, and Python cannot "
            f"do that to a live class. {way_out}",
        )
    if fields_of(old) != fields_of(new):
        raise UnpatchableError(
            name,
            f"class {name} changed its _fields_, which ctypes does not allow for a class in use. {way_out}",
        )
    if substitute(type(new)) is not type(old):
        raise UnpatchableError(
            name,
            f"class {name} changed its metaclass from {type(old).__name__} to {type(new).__name__}, "
            f"and Python cannot do that to a live class. {way_out}",
        )
    if any(of_type(old, size) != of_type(new, size) for size in ("__basicsize__", "__itemsize__")):
        raise UnpatchableError(
            name,
            f"class {name} changed what it is built on (from {_bases(old)} to {_bases(new)}), and "
            f"its objects would need another layout in memory. {way_out}",
        )


def _slots(cls: type) -> tuple[str, ...] | None:
    slots = members_of(cls).get("__slots__")
    if slots is None:
        return None
    return (slots,) if is_a(slots, str) else tuple(sorted(slots))


def _bases(cls: type) -> str:
    return ", ".join(base.__name__ for base in of_type(cls, "__bases__"))


def patch_bases(writes: Writes, wanted: Iterable[NewBases]) -> None:
    """Add the writes that give classes other bases, in an order in which Python accepts them.

    Of ``class A``, ``class B(A)`` that become ``class B``, ``class A(B)``, B has to go first.

    :raises UnpatchableError: there is none.
    """
    done: list[NewBases] = []
    pending = list(wanted)
    while pending:
        refused: UnpatchableError | None = None
        for change in pending:
            try:
                _check_bases(done, change)
            except UnpatchableError as error:
                refused = refused or error
            else:
                break
        else:
            assert refused is not None
            raise refused
        pending.remove(change)
        done.append(change)
        cls, bases, _ = change
        writes.add((set_bases, cls, bases), (set_bases, cls, of_type(cls, "__bases__")))


def _check_bases(done: Iterable[NewBases], change: NewBases) -> None:
    """Find out whether a class can take other bases, by letting it take them for a moment.

    Only CPython knows its rules. Taking and giving back is one call in C, seen by nobody.

    :param done: other classes that have taken theirs before.
    :raises UnpatchableError: it cannot.
    """
    trial = Writes()
    every = [*done, change]
    for cls, bases, _ in every:
        trial.add((set_bases, cls, bases), (set_bases, cls, of_type(cls, "__bases__")))
    for cls, _, _ in reversed(every):
        trial.add((set_bases, cls, of_type(cls, "__bases__")))
    try:
        trial.apply()
    except TypeError as error:
        _, bases, name = change
        described = ", ".join(base.__name__ for base in bases)
        raise UnpatchableError(
            name,
            f"class {name} cannot get the bases ({described}): {error}. Python does not allow that "
            "for a live class. Give the class another name, or keep a base class of your own between "
            "(class Base: pass; class "
            f"{name.rpartition('.')[2]}(Base)) from the start; or restart the kernel.",
        ) from error


def _forget_abc_caches(writes: Writes, old: type) -> None:
    """Let ``isinstance`` be worked out afresh; registrations are kept."""
    if "_abc_impl" in members_of(old):
        writes.add((_abc._reset_caches, old), (_abc._reset_caches, old))
