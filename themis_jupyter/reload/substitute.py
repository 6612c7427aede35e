"""Puts old objects in the place of their successors, among new objects only.

New objects are private until the commit (but for what the statements gave to others), so most are
changed where they stand; those that cannot be changed (tuples, bound methods, properties …) are made again.
A new function without a predecessor is made again with the live namespace as its globals.
"""

from __future__ import annotations

import functools
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CellType, FunctionType, MethodType
from typing import Any

from .blank import HOLDERS, blank
from .correspondence import Correspondence
from .objects import (
    attributes_of,
    dict_behind,
    is_a,
    members_of,
    of_type,
    partial_state,
    set_bases,
    set_class,
    setter_of,
    slot_members,
)


class Substitution:
    """Replaces references to new objects.

    :param found: which new objects have a predecessor.
    :param globals_: from the id of a scratch namespace to the live one.
    :param born: the objects that came into being while the statements ran.
    """

    def __init__(
        self,
        found: Correspondence,
        globals_: Mapping[int, dict[str, Any]],
        born: Iterable[object],
        replaced: Iterable[tuple[object, object]] = (),
    ) -> None:
        self._found = found
        self._globals = globals_
        self._born = list(born)
        self._ids = {id(o) for o in self._born}
        # id → (original, replacement); the original is kept so that its id stays its own.
        self._made: dict[int, tuple[object, object]] = {id(a): (a, b) for a, b in replaced}
        self._functions: dict[int, tuple[FunctionType, FunctionType]] = {}
        #: New classes whose bases could not be replaced.
        self.stuck: list[weakref.ref[type]] = []
        self._open: set[int] = set()
        self._slots: dict[int, list[types.MemberDescriptorType]] = {}

    def run(self) -> None:
        """Change all new objects that can be changed where they stand."""
        item: Any
        # Written past the class, its dict would leave Python's method cache pointing to what is gone.
        inside = {id(dict_behind(cls)) for cls in self._born if is_a(cls, type)}
        for item in self._born:
            if id(item) in inside:
                continue
            change = _CHANGERS.get(id(type(item)))
            if change is not None:
                change(self, item)
            elif is_a(item, type):
                self._class(item)
            else:
                self._instance(item)

    def __call__(self, value: Any) -> Any:
        """Return what is to stand where ``value`` stands."""
        key = id(value)
        old = self._found.old_of(value)
        if old is not value:
            return old
        made = self._made.get(key)
        if made is not None:
            return made[1]
        if type(value) in self._found and not is_a(value, type | types.ModuleType):
            return self._moved(value)
        if key not in self._ids and not is_a(value, tuple):
            return value
        if type(value) is FunctionType:
            return self.function(value)
        remake = _REMAKERS.get(id(type(value))) or _remaker_of_kin(type(value))
        if remake is None or key in self._open:
            return value
        self._open.add(key)
        result = remake(self, value)
        self._open.discard(key)
        self._made[key] = (value, result)
        return result

    def function(self, new: FunctionType) -> FunctionType:
        """Return ``new`` with the live namespace as its globals; itself if it has those already."""
        if id(new) in self._functions:
            return self._functions[id(new)][1]
        live = self._globals.get(id(new.__globals__))
        if live is None:
            self._functions[id(new)] = (new, new)
            return new
        made = FunctionType(new.__code__, live, new.__name__, new.__defaults__, new.__closure__)
        self._functions[id(new)] = (new, made)
        made.__kwdefaults__ = new.__kwdefaults__
        made.__annotations__ = new.__annotations__
        made.__doc__ = new.__doc__
        made.__qualname__ = new.__qualname__
        made.__module__ = new.__module__
        if hasattr(new, "__type_params__"):
            made.__type_params__ = new.__type_params__  # type: ignore[attr-defined]
        made.__dict__.update(new.__dict__)
        self._function(made)
        return made

    def globals_of(self, new: FunctionType) -> dict[str, Any]:
        """Return the namespace that ``new`` is going to run in: a live one, whichever module made it."""
        return self._globals.get(id(new.__globals__), new.__globals__)

    def succeeded(self) -> Iterator[tuple[FunctionType, FunctionType]]:
        """Yield each new function that another one stands for, with that one."""
        for pair in self._found:
            new, old = pair.new, pair.old
            both = is_a(new, FunctionType) and is_a(old, FunctionType)
            if both and self._functions.get(id(new), (None, None))[1] is not new:
                yield new, old  # type: ignore[misc]
        for original, replacement in self._functions.values():
            if original not in self._found and original is not replacement:
                yield original, replacement

    # -- changing where it stands ----------------------------------------------------------------

    def _function(self, item: FunctionType) -> None:
        if item.__defaults__:
            item.__defaults__ = self._tuple(item.__defaults__)
        for mapping in (item.__kwdefaults__, item.__annotations__, item.__dict__):
            if mapping:
                self._dict(mapping)
        type_params = getattr(item, "__type_params__", ())
        if type_params:
            item.__type_params__ = self._tuple(type_params)  # type: ignore[attr-defined]

    def _dict(self, item: dict[Any, Any]) -> None:
        pairs = list(dict.items(item))
        changed = {key: new for key, value in pairs if (new := self(value)) is not value}
        for key, new in changed.items():
            dict.__setitem__(item, key, new)
        if any(self(key) is not key for key, _ in pairs):
            pairs = [(self(key), value) for key, value in dict.items(item)]
            dict.clear(item)
            dict.update(item, pairs)

    def _list(self, item: list[Any] | deque[Any]) -> None:
        base: Any = list if is_a(item, list) else deque
        for index, value in enumerate(list(base.__iter__(item))):
            new = self(value)
            if new is not value:
                base.__setitem__(item, index, new)

    def _set(self, item: set[Any]) -> None:
        values = list(set.__iter__(item))
        changed = [(value, new) for value in values if (new := self(value)) is not value]
        set.difference_update(item, [value for value, _ in changed])
        set.update(item, [new for _, new in changed])

    def _cell(self, item: CellType) -> None:
        try:
            value = item.cell_contents
        except ValueError:  # empty
            return
        new = self(value)
        if new is not value:
            item.cell_contents = new

    def _partial(self, item: functools.partial[Any]) -> None:
        function, args, keywords, attributes = partial_state(item)
        state = (self(function), self._tuple(args), keywords, attributes)
        item.__setstate__(state)  # type: ignore[attr-defined]

    def _class(self, item: type) -> None:
        if item in self._found:
            return
        for key, value in list(members_of(item).items()):
            new = self(value)
            if new is not value:
                setter_of(item)(item, key, new)
        before = of_type(item, "__bases__")
        bases = self._tuple(before)
        if bases is not before:
            try:
                set_bases(item, bases)
            except TypeError:
                # Left over by a decorator that made the class again; or one that cannot follow.
                self.stuck.append(weakref.ref(item))
        meta = self(type(item))
        if meta is not type(item):
            set_class(item, meta)

    def _moved(self, item: Any) -> Any:
        """Return an object of a new class as an object of the old one: itself, if Python allows that."""
        key = id(item)
        if key in self._made:
            return self._made[key][1]
        if key in self._open:  # it holds itself
            return item
        cls: Any = self._found.old_of(type(item))
        self._open.add(key)
        try:
            if self._took_class(item, cls):
                if key not in self._ids:  # the collector does not track it
                    self._contents(item)
                return item
            if item in self._found:  # another one stands for it; only its contents are wanted
                self._contents(item)
                return item
            return self._made_as(cls, item)
        finally:
            self._open.discard(key)

    def _took_class(self, item: Any, cls: type) -> bool:
        """Give an object another class; return False where it has to be made again instead."""
        if self._holds_new(item):
            return False
        try:
            set_class(item, cls)
        except TypeError:
            return False
        return True

    def _holds_new(self, item: Any) -> bool:
        """Return whether something cannot stay because of what it was made from: a tuple, say."""
        base = next((base for base in HOLDERS if is_a(item, base)), None)
        return base is not None and any(self(v) is not v for v in base.__iter__(item))

    def _made_as(self, cls: type, item: Any) -> Any:
        """Make an object again, as one of ``cls``."""
        made = blank(item, cls, self)
        self._made[id(item)] = (item, made)
        self._fill(made, item)
        return made

    def _fill(self, made: Any, item: Any) -> None:
        """Give ``made``, an empty object of the old class, the attributes of ``item``."""
        attributes = attributes_of(item)
        if attributes:
            object.__getattribute__(made, "__dict__").update(attributes)
        after = {member.__name__: member for member in self._slot_members(type(made))}
        for member in self._slot_members(type(item)):
            try:
                value = member.__get__(item)
            except AttributeError:
                continue
            if member.__name__ in after:
                after[member.__name__].__set__(made, value)
        self._contents(made)

    def _instance(self, item: Any) -> None:
        """Change an object of a Python class: its class, its attributes, and what it contains."""
        if type(item) not in self._found or self._moved(item) is item:
            self._contents(item)

    def _contents(self, item: Any) -> None:
        cls = type(item)
        for base in _CONTAINERS:
            if is_a(item, base):
                _CHANGERS[id(base)](self, item)
        attributes = attributes_of(item)
        if attributes:
            self._dict(attributes)
        for member in self._slot_members(cls):
            self._slot(item, member)

    def _slot_members(self, cls: type) -> list[types.MemberDescriptorType]:
        members = self._slots.get(id(cls))
        if members is None:
            members = self._slots[id(cls)] = slot_members(cls)
        return members

    def _slot(self, item: Any, member: types.MemberDescriptorType) -> None:
        try:
            value = member.__get__(item)
        except AttributeError:
            return
        new = self(value)
        if new is not value:
            member.__set__(item, new)

    # -- making again ----------------------------------------------------------------------------

    def _tuple(self, item: tuple[Any, ...]) -> tuple[Any, ...]:
        before = list(tuple.__iter__(item))
        new = tuple(map(self, before))
        return item if all(map(_is, before, new)) else new

    def _of_kin(self, item: Any) -> Any:
        return self._made_as(type(item), item) if self._holds_new(item) else item

    def _frozenset(self, item: frozenset[Any]) -> frozenset[Any]:
        new = frozenset(map(self, item))
        return item if {id(v) for v in item} == {id(v) for v in new} else new

    def _weak(self, item: Any) -> object:
        target = item()
        new = self(target)
        if new is target:
            return item
        arguments = (new, self(item.__callback__))
        if is_a(item, weakref.KeyedRef):
            return weakref.KeyedRef(*arguments, self(item.key))
        return type(item)(*arguments)

    def _method(self, item: MethodType) -> MethodType:
        return MethodType(self(item.__func__), self(item.__self__))

    def _static(self, item: staticmethod[Any, Any] | classmethod[Any, Any, Any]) -> object:
        function = self(item.__func__)
        if function is item.__func__:
            return item
        made = type(item)(function)
        vars(made).update(vars(item))
        self._dict(vars(made))
        return made

    def _property(self, item: property) -> property:
        functions = (item.fget, item.fset, item.fdel)
        new = tuple(map(self, functions))
        if all(map(_is, functions, new)):
            return item
        return property(new[0], new[1], new[2], doc=item.__doc__)

    def _alias(self, item: types.GenericAlias) -> object:
        return types.GenericAlias(self(item.__origin__), self._tuple(item.__args__))

    def _union(self, item: types.UnionType) -> object:
        args = self._tuple(item.__args__)
        return item if args is item.__args__ else functools.reduce(lambda a, b: a | b, args)


def _is(a: object, b: object) -> bool:
    return a is b


_CONTAINERS: tuple[type, ...] = (dict, list, set, deque)

_CHANGERS_BY_TYPE: dict[type, Callable[[Substitution, Any], None]] = {
    FunctionType: Substitution._function,
    dict: Substitution._dict,
    list: Substitution._list,
    deque: Substitution._list,
    set: Substitution._set,
    CellType: Substitution._cell,
    functools.partial: Substitution._partial,
}

_REMAKERS_BY_TYPE: dict[type, Callable[[Substitution, Any], object]] = {
    tuple: Substitution._tuple,
    frozenset: Substitution._frozenset,
    MethodType: Substitution._method,
    staticmethod: Substitution._static,
    classmethod: Substitution._static,
    property: Substitution._property,
    types.GenericAlias: Substitution._alias,
    types.UnionType: Substitution._union,
    weakref.ref: Substitution._weak,
    weakref.KeyedRef: Substitution._weak,
}

_LEFT_ALONE = (
    types.BuiltinFunctionType,
    types.CodeType,
    types.CoroutineType,
    types.FrameType,
    types.GeneratorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.ModuleType,
    types.TracebackType,
    types.WrapperDescriptorType,
    *weakref.ProxyTypes,
)

for _skipped in (*_REMAKERS_BY_TYPE, *_LEFT_ALONE):
    _CHANGERS_BY_TYPE[_skipped] = lambda substitution, item: None

# By identity: a metaclass may hash and compare in a way of its own.
_CHANGERS = {id(kind): change for kind, change in _CHANGERS_BY_TYPE.items()}
_REMAKERS = {id(kind): remake for kind, remake in _REMAKERS_BY_TYPE.items()}


def _remaker_of_kin(kind: type) -> Callable[[Substitution, Any], object] | None:
    """Return what makes objects of a derived class again: named tuples."""
    return Substitution._of_kin if issubclass(kind, HOLDERS) else None
