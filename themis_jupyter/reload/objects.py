"""Looking into objects without running their own code."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import (
    CellType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    is_a = isinstance
else:

    def is_a(item, kinds):
        """Like ``isinstance``, but asks the object's type only, never the object."""
        return issubclass(type(item), kinds)


def kinds(*types: type) -> frozenset[int]:
    """Return the identities of types: a metaclass may compare, and hash, in a way of its own."""
    return frozenset(map(id, types))


#: Constants that may be compared by value.
PLAIN = kinds(int, float, complex, str, bytes, bool)

#: Sets an object's class, past any property of that name.
set_class: Any = vars(object)["__class__"].__set__
#: Sets a class's bases, past its metaclass.
set_bases: Any = vars(type)["__bases__"].__set__


def attributes_of(item: object) -> dict[str, Any] | None:
    """Return an object's own ``__dict__``, past any ``__getattribute__``; None without one."""
    try:
        attributes = object.__getattribute__(item, "__dict__")
    except Exception:  # noqa: BLE001 - a class may have a property of that name
        return None
    return attributes if type(attributes) is dict else None


def of_type(cls: object, name: str) -> Any:
    """Return what ``type`` itself says of a class, past the ``__getattribute__`` of a metaclass."""
    return vars(type)[name].__get__(cls)


def members_of(cls: object) -> Mapping[str, Any]:
    """Return what ``vars(cls)`` does, past the ``__getattribute__`` of a metaclass."""
    members: Mapping[str, Any] = of_type(cls, "__dict__")
    return members


def dict_behind(cls: object) -> object:
    """Return the dict that :func:`members_of` shows; it is nobody's to write to."""
    return gc.get_referents(members_of(cls))[0]


def setter_of(cls: type, name: str = "__setattr__") -> Callable[..., None]:
    """Return what sets an attribute of a class past the Python code of its metaclass.

    That is ``type.__setattr__``, unless the metaclass is written in C and has its own (ctypes), which
    Python does not allow to be passed over.

    :param name: ``__delattr__`` for what deletes one.
    """
    found = (members_of(meta).get(name) for meta in of_type(type(cls), "__mro__"))
    return next(member for member in found if type(member) is WrapperDescriptorType)


def name_of(value: Any) -> object:
    """Return the name that a class or function, or what a decorator made of one, was defined by."""
    if is_a(value, type):
        return of_type(value, "__name__")
    if is_a(value, FunctionType):
        return value.__name__
    return (attributes_of(value) or {}).get("__name__")


def slot_members(cls: type) -> list[MemberDescriptorType]:
    """Return the descriptors of all slots that objects of a class have."""
    return [
        member
        for owner in of_type(cls, "__mro__")
        if "__slots__" in (members := members_of(owner))
        for member in members.values()
        if type(member) is MemberDescriptorType
    ]


def cells_of(function: FunctionType) -> dict[str, CellType]:
    """Return a function's closure cells by the names of its free variables."""
    return dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))


def contents_of(cells: Iterable[CellType] | None) -> Iterator[object]:
    """Yield what closure cells hold."""
    for cell in cells or ():
        try:
            yield cell.cell_contents
        except ValueError:  # empty
            continue


#: Flags of classes: made by a class statement or the like; not to be changed.
HEAP_TYPE, IMMUTABLE_TYPE = 1 << 9, 1 << 8  # Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_IMMUTABLETYPE

LruCache: Any = type(functools.lru_cache(lambda: None))


def partial_state(item: functools.partial[Any]) -> tuple[Any, tuple[Any, ...], Any, Any]:
    """Return a partial's function, arguments, keywords and attributes."""
    reduced: Any = item.__reduce__()
    function, args, keywords, attributes = reduced[2]
    return function, args, keywords, attributes


def same_items(one: Iterable[object], other: Iterable[object]) -> bool:
    """Return whether both hold the very same objects, in order."""
    return [id(v) for v in one] == [id(v) for v in other]


def same_mapping(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Return whether both have the same keys, in order, with the very same values."""
    return list(one) == list(other) and same_items(one.values(), other.values())


def same_behaviour(one: CodeType, other: CodeType) -> bool:
    """Return whether two code objects do the same, wherever they stand in their files."""
    if one is other:
        return True
    return (
        one.co_code == other.co_code
        and one.co_names == other.co_names
        and one.co_varnames == other.co_varnames
        and one.co_freevars == other.co_freevars
        and one.co_cellvars == other.co_cellvars
        and one.co_flags == other.co_flags
        and one.co_argcount == other.co_argcount
        and one.co_kwonlyargcount == other.co_kwonlyargcount
        and one.co_posonlyargcount == other.co_posonlyargcount
        and one.co_name == other.co_name
        and _same_constants(one.co_consts, other.co_consts)
    )


def _same_constants(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    if len(one) != len(other):
        return False
    for a, b in zip(one, other, strict=True):
        if type(a) is not type(b):
            return False
        if isinstance(a, CodeType):
            if not same_behaviour(a, b):
                return False
        elif isinstance(a, tuple):
            if not _same_constants(a, b):
                return False
        elif a is not b and repr(a) != repr(b):  # repr tells 0.0 from -0.0
            return False
    return True
