"""Whether two states are equal, and where they are not.

``==`` is not enough: NaN is not equal to itself, an array gives an array of answers, and objects without
``__eq__`` are equal to nothing that came from bytes.
"""

from __future__ import annotations

import math
import pickle
import types
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from typing import Any

from ..names import shown

_DEFINITIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)

#: How deep states are looked into; beyond that, bytes are compared.
_DEEPEST = 60


def differences(before: object, after: object, path: str = "state") -> Iterator[tuple[str, str]]:
    """Yield where two states differ: the path, and what was there before and is there after."""
    yield from _Comparison().compare(before, after, path, 0)


class _Comparison:
    """One comparison; what was compared once is not compared again, so circles end."""

    def __init__(self) -> None:
        # With the objects: a number is given to another object as soon as one is gone.
        self._seen: dict[tuple[int, int], tuple[object, object]] = {}

    def compare(self, a: Any, b: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
        if a is b or (id(a), id(b)) in self._seen:
            return
        self._seen[id(a), id(b)] = (a, b)
        if isinstance(a, _DEFINITIONS) and isinstance(b, _DEFINITIONS):
            if _name(a) != _name(b):
                yield path, _were(a, b)
        elif type(a) is not type(b):
            yield path, _were(a, b)
        elif isinstance(a, float):
            if a != b and not (math.isnan(a) and math.isnan(b)):
                yield path, _were(a, b)
        elif depth > _DEEPEST:
            if not _same_bytes(a, b):
                yield path, "differs, deep inside"
        elif isinstance(a, Mapping):
            yield from self._mappings(a, b, path, depth)
        elif isinstance(a, list | tuple):
            yield from self._sequences(a, b, path, depth)
        elif isinstance(a, Set):
            yield from self._sets(a, b, path)
        else:
            yield from self._objects(a, b, path, depth)

    def _mappings(self, a: Any, b: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
        unmatched = {_key(key): key for key in b}
        for key in a:
            there = unmatched.pop(_key(key), _NOTHING)
            name = f"{path}.{key}" if _is_name(key) else f"{path}[{shown(key)}]"
            if there is _NOTHING:
                yield name, f"was {shown(a[key])}, is gone"
            else:
                yield from self.compare(a[key], b[there], name, depth + 1)
        for key in unmatched.values():
            name = f"{path}.{key}" if _is_name(key) else f"{path}[{shown(key)}]"
            yield name, f"was not there, is {shown(b[key])}"

    def _sequences(self, a: Any, b: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
        if len(a) != len(b):
            yield path, f"had {len(a)} elements, has {len(b)}"
            return
        for number, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from self.compare(one, other, f"{path}[{number}]", depth + 1)

    def _sets(self, a: Any, b: Any, path: str) -> Iterator[tuple[str, str]]:
        if a == b:
            return
        # Elements without __eq__ are not found in the other set: they are told by their bytes.
        if len(a) != len(b) or Counter(map(_bytes, a)) != Counter(map(_bytes, b)):
            yield path, _were(a, b)

    def _objects(self, a: Any, b: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
        if not _has_no_eq(a) and _equal(a, b):
            return
        mine, theirs = _fields(a), _fields(b)
        if mine or theirs:
            yield from self._mappings(mine, theirs, path, depth)
        elif _has_no_eq(a) and _bytes(a) is None:
            return  # a new lock, say: nothing of it can be compared
        elif not _same_bytes(a, b):
            yield path, _were(a, b)


_NOTHING = object()


def _key(key: Any) -> Any:
    # Keys without __eq__ are other objects after they went through bytes.
    if _has_no_eq(key) and not isinstance(key, _DEFINITIONS):
        return type(key), _bytes(key)
    return key


def _is_name(key: object) -> bool:
    return isinstance(key, str) and key.isidentifier()


def _has_no_eq(item: object) -> bool:
    eq: object = type(item).__eq__
    return eq is object.__eq__


def _name(definition: Any) -> tuple[object, object]:
    return getattr(definition, "__module__", None), getattr(definition, "__qualname__", None)


def _equal(a: Any, b: Any) -> bool:
    try:
        answer = a == b
    except Exception:  # noqa: BLE001 - a foreign __eq__ may raise anything
        return False
    return answer is True


def _fields(item: Any) -> dict[str, Any]:
    """Return the attributes of an object, of its dict and its slots."""
    fields = dict(getattr(item, "__dict__", {}))
    for cls in type(item).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            name = f"_{cls.__name__.lstrip('_')}{slot}" if slot.startswith("__") else slot
            if hasattr(item, name) and slot not in ("__dict__", "__weakref__"):
                fields[slot] = getattr(item, name)
    return fields


def _bytes(item: object) -> bytes | None:
    try:
        return pickle.dumps(item, 4)
    except Exception:  # noqa: BLE001 - a foreign __reduce__ may raise anything
        return None


def _same_bytes(a: object, b: object) -> bool:
    return _bytes(a) == _bytes(b)


def _were(a: object, b: object) -> str:
    one, other = shown(a), shown(b)
    if one == other:
        return f"was {one}, is another {type(b).__name__}"
    return f"was {one}, is {other}"
