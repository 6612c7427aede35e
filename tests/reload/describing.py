"""Turns values of a module into plain data that compare equal where the values behave alike."""

from __future__ import annotations

import enum
import functools
import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Any

Plain = Any

_LRU_CACHE: Any = type(functools.lru_cache(lambda: None))
# Python's own bookkeeping of a class, that is told in other words or says nothing.
_NOT_TOLD = frozenset(
    {"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__annotations__"}
    | {"__static_attributes__", "extra"}
)
_DEPTH = 6
#: A key of dictionaries that tests put there while the module is in use.
STATE = "kept while running"


class Describer:
    """Describes values of one module.

    :param filename: line numbers of other files are not told.
    :param module: name of the module; classes of others are told by name.
    """

    def __init__(self, module: types.ModuleType) -> None:
        self.filename = module.__file__
        self.module = module.__name__
        self._open: dict[int, str] = {}
        self._classes: dict[int, Plain] = {}

    def __call__(self, value: Any, *, call: bool = True) -> Plain:
        """Return what can be seen of ``value``.

        :param call: call functions that need no arguments.
        """
        if id(value) in self._open or len(self._open) > _DEPTH:
            return "again", type(value).__name__, getattr(value, "__qualname__", "")
        self._open[id(value)] = ""
        try:
            return self._describe(value, call)
        finally:
            del self._open[id(value)]

    def _describe(self, value: Any, call: bool) -> Plain:
        if isinstance(value, types.FunctionType):
            return ("function", *self._function(value), call and self._called(value))
        if isinstance(value, _LRU_CACHE):
            parts = value.cache_parameters(), self(value.__wrapped__, call=False)
            return "lru_cache", parts, self._attributes(value), call and self._called(value)
        if isinstance(value, functools.partial):
            told = [self(part) for part in (value.func, value.args, value.keywords)]
            return "partial", told, call and self._called(value)
        if isinstance(value, types.MethodType):
            owner = type(value.__self__).__name__
            return "method", owner, self(value.__func__, call=False), call and self._called(value)
        if isinstance(value, staticmethod | classmethod):
            return type(value).__name__, self(value.__func__, call=False)
        if isinstance(value, property):
            functions = value.fget, value.fset, value.fdel
            return "property", value.__doc__, [self(f, call=False) for f in functions]
        if isinstance(value, types.ModuleType):
            return "module", value.__name__
        if isinstance(value, enum.Enum):
            return "member", type(value).__qualname__, value.name, self(value.value)
        if isinstance(value, type):
            return self._class(value)
        return self._data(value, call)

    def _data(self, value: Any, call: bool) -> Plain:
        if type(value) in (tuple, list):
            return type(value).__name__, [self(item) for item in value]
        if type(value) in (dict, types.MappingProxyType):
            return "dict", [(self(key), self(item)) for key, item in value.items() if key != STATE]
        if type(value) in (set, frozenset):
            return type(value).__name__, sorted((self(item) for item in value), key=repr)
        if type(value).__module__ == self.module:
            return "instance", type(value).__qualname__, self.instance(value, call=call)
        if isinstance(value, types.GetSetDescriptorType | types.MemberDescriptorType):
            return type(value).__name__, value.__name__
        if "__repr__" not in {n for c in type(value).__mro__[:-1] for n in vars(c)}:
            return "object", type(value).__qualname__
        return type(value).__name__, repr(value)

    # -- functions -----------------------------------------------------------------------------

    def _function(self, value: types.FunctionType) -> Iterator[Plain]:
        yield value.__name__, value.__qualname__, value.__module__, value.__doc__
        yield self._signature(value)
        yield self._attributes(value)
        # What stands in for a function of other free variables has the function as __wrapped__.
        inner: Any = inspect.unwrap(value)
        code = getattr(inner, "__code__", None)
        yield code and code.co_filename == self.filename and list(_lines(code))
        if value.__code__.co_filename == self.filename:
            yield value.__code__.co_firstlineno
        yield inspect.iscoroutinefunction(inner), inspect.isgeneratorfunction(inner)

    def _signature(self, value: Any) -> Plain:
        try:
            signature = inspect.signature(value)
        except (TypeError, ValueError):
            return None
        parameters = [
            (p.name, p.kind.name, self(p.default, call=False), self._name(p.annotation))
            for p in signature.parameters.values()
        ]
        return parameters, self._name(signature.return_annotation)

    def _name(self, annotation: Any) -> Plain:
        return getattr(annotation, "__qualname__", None) or self(annotation, call=False)

    def _attributes(self, value: Any) -> Plain:
        given = {k: v for k, v in vars(value).items() if k not in ("__wrapped__", *_NOT_TOLD)}
        return sorted((name, self(item, call=False)) for name, item in given.items())

    def _called(self, value: Any) -> Plain:
        try:
            inspect.signature(value).bind()
        except (TypeError, ValueError):
            arguments: tuple[Any, ...] = (7,)
        else:
            arguments = ()
        try:
            return self(run(value(*arguments)))
        except Exception as error:  # noqa: BLE001 - whatever it raises, both have to raise it
            return "raises", type(error).__name__, str(error)

    # -- classes -------------------------------------------------------------------------------

    def _class(self, cls: type) -> Plain:
        if cls.__module__ != self.module:
            return "class", cls.__module__, cls.__qualname__
        known = self._classes.get(id(cls))
        if known is None:
            known = self._classes[id(cls)] = (cls, self._describe_class(cls))
        return known[1]

    def _describe_class(self, cls: Any) -> Plain:
        names = [f"{c.__module__}.{c.__qualname__}" for c in cls.__mro__]
        about = cls.__name__, cls.__qualname__, cls.__doc__, type(cls).__qualname__, names
        annotations = [(k, self._name(v)) for k, v in vars(cls).get("__annotations__", {}).items()]
        line = vars(cls).get("__firstlineno__")
        if issubclass(cls, enum.Enum):
            members = [
                (name, self(m.value), cls(m.value) is m) for name, m in cls.__members__.items()
            ]
            return "enum", about, members, list(map(str, cls)), line, self._instances(list(cls))
        inside = {
            key: self(value, call=False)
            for key, value in sorted(vars(cls).items())
            if key not in _NOT_TOLD and not key.startswith("__dataclass_")
        }
        fields = {k: repr(f) for k, f in getattr(cls, "__dataclass_fields__", {}).items()}
        try:
            made = [cls()]
        except Exception as error:  # noqa: BLE001 - both have to raise it
            return "class", about, annotations, inside, fields, type(error).__name__
        return "class", about, annotations, inside, fields, self._instances(made)

    def _instances(self, made: list[Any]) -> Plain:
        return [self.instance(one) for one in made]

    def instance(self, value: Any, *, call: bool = True) -> Plain:
        """Return what is in an instance, and what its methods give."""
        told: dict[str, Plain] = {
            f".{name}": self(item, call=False) for name, item in vars(value).items()
        }
        if callable(value) and call:
            told["()"] = self._called(value)
        for name in sorted(dir(type(value))):
            if name.startswith("_") or name in _NOT_TOLD or not call:
                continue
            try:
                found = getattr(value, name)
            except Exception as error:  # noqa: BLE001 - both have to raise it
                found = "raises", type(error).__name__
            told[name] = self(found)
        return told


def run(value: Any) -> Any:
    """Return what a generator, coroutine or asynchronous generator gives in the end."""
    if inspect.iscoroutine(value):
        return "coroutine", _step(value)
    if inspect.isgenerator(value):
        return "generator", list(value)
    if inspect.isasyncgen(value):
        given = []
        while True:
            try:
                given.append(_step(anext(value)))
            except StopAsyncIteration:
                return "async generator", given
    return value


def _step(awaitable: Any) -> Any:
    """Run what never waits for anything; an event loop for each would take long."""
    iterator = awaitable.__await__()
    try:
        iterator.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits for something")


def _lines(code: types.CodeType) -> Iterator[tuple[str, list[int]]]:
    yield code.co_name, sorted({line for _, _, line in code.co_lines() if line is not None})
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _lines(constant)


def public(namespace: Mapping[str, Any]) -> set[str]:
    """Return the names that a source bound."""
    return {name for name in namespace if not name.startswith("__")}


def first_difference(one: Plain, other: Plain, where: str = "") -> str:
    """Return where two descriptions differ; empty where they do not."""
    if type(one) is type(other) and isinstance(one, dict) and one.keys() == other.keys():
        pairs: Any = [(f"{where}[{key!r}]", one[key], other[key]) for key in one]
    elif type(one) is type(other) and isinstance(one, list | tuple) and len(one) == len(other):
        pairs = [(f"{where}[{i}]", a, b) for i, (a, b) in enumerate(zip(one, other, strict=True))]
    else:
        return "" if one == other else f"{where}: {one!r}, not {other!r}"
    return next(filter(None, (first_difference(a, b, key) for key, a, b in pairs)), "")
