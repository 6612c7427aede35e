"""Functions and classes that cannot be found by their name, taken apart and put together.

pickle knows functions and classes by name only. The parts of others are given to it here, in two steps
as its protocol wants it: what is needed to make the object, and then the rest, which may lead back to it.
So what they share with the state, and circles through them, come out right. The globals that a function
needs, and the names of Python's own types, are those that dill finds.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import marshal
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, TypeVar

Reduced = tuple[Any, ...]
Place = tuple[tuple[str, int], ...]

# What each class has of its own.
_OWN = frozenset(
    {"__dict__", "__weakref__", "_abc_impl", "__slots__", "__module__", "__qualname__"}
)
_OF_ENUMS = frozenset(
    {"_member_names_", "_member_map_", "_value2member_map_", "_member_type_", "_value_repr_",
     "_new_member_", "_use_args_", "_unhashable_values_", "_generate_next_value_", "__new__",
     "_unhashable_values_map_", "_hashable_values_", "_sort_order_"}
)  # fmt: skip
# What each of their members gets from enum itself.
_OF_MEMBERS = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_"})


def is_findable(obj: Any) -> bool:
    """Return whether a function or class is what its module has under its name."""
    found: Any = sys.modules.get(getattr(obj, "__module__", None) or "")
    for name in str(getattr(obj, "__qualname__", "")).split("."):
        found = getattr(found, name, None)
    return found is obj


def module_reduced(module: ModuleType) -> Reduced:
    """Return how a module is found again."""
    return importlib.import_module, (module.__name__,)


def code_reduced(code: CodeType) -> Reduced:
    """Return a code object as bytes, which only the same minor version of Python understands."""
    return marshal.loads, (marshal.dumps(code),)


def cell_reduced(cell: CellType) -> Reduced:
    """Return a closure's cell; its contents come afterwards, as they may lead back to it."""
    try:
        contents = (cell.cell_contents,)
    except ValueError:  # empty
        return CellType, ()
    return CellType, (), contents, None, None, _fill_cell


def _fill_cell(cell: CellType, contents: tuple[Any]) -> None:
    cell.cell_contents = contents[0]


# -- functions ---------------------------------------------------------------------------------------


def function_reduced(
    function: FunctionType, portable: bool, namespaces: dict[int, dict[str, Any]]
) -> Reduced:
    """Return a function by value.

    :param portable: for another process, where ``__main__`` is another one.
    :param namespaces: by the id of a function's globals, what stands for them: functions that share their
        globals go on sharing them.
    """
    module = sys.modules.get(function.__module__ or "")
    is_home = module is not None and vars(module) is function.__globals__
    is_home = is_home and not (portable and function.__module__ == "__main__")
    needed: dict[str, Any] | None = None
    namespace: dict[str, Any] | None = None
    if not is_home:
        from dill.detect import globalvars

        needed = globalvars(function, recurse=True, builtin=True)
        needed.pop("__builtins__", None)
        namespace = namespaces.setdefault(
            id(function.__globals__), {"__name__": function.__module__}
        )
    place = place_of(function) if is_home else None
    made = (function.__code__, function.__closure__, function.__module__, place, namespace)
    rest = {
        "__name__": function.__name__,
        "__qualname__": function.__qualname__,
        "__module__": function.__module__,
        "__defaults__": function.__defaults__,
        "__kwdefaults__": function.__kwdefaults__,
        "__annotations__": function.__annotations__,
        "__doc__": function.__doc__,
        "__dict__": function.__dict__,
    }
    return make_function, made, (rest, needed), None, None, _fill_function


def make_function(
    code: CodeType,
    closure: tuple[CellType, ...] | None,
    module: str,
    place: Place | None,
    namespace: dict[str, Any] | None,
) -> FunctionType:
    """Make a function; of one whose module is there, with the code that now stands in its place.

    :param namespace: its globals, where its module is not there; what it needs of them comes afterwards.
    """
    if namespace is None:
        namespace = vars(importlib.import_module(module))
        if place is not None:
            code = code_at(namespace, place, code)
    else:
        namespace.setdefault("__builtins__", __builtins__)
    return FunctionType(code, namespace, None, None, closure)


def _fill_function(
    function: FunctionType, state: tuple[dict[str, Any], dict[str, Any] | None]
) -> None:
    rest, needed = state
    function.__dict__.update(rest.pop("__dict__"))
    for name, value in rest.items():
        setattr(function, name, value)
    if needed:
        function.__globals__.update(needed)


def place_of(function: FunctionType) -> Place | None:
    """Return where among the constants of its module's functions a function's code stands."""
    first, *inner = function.__qualname__.split(".<locals>.")
    outer = _code_of(function.__globals__, first)
    if not inner or outer is None:
        return None
    return next(_places(outer, function.__code__, ((first, 0),)), None)


def _places(code: CodeType, wanted: CodeType, here: Place) -> Iterator[Place]:
    count: dict[str, int] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            number = count.get(constant.co_name, 0)
            count[constant.co_name] = number + 1
            there = (*here, (constant.co_name, number))
            if constant is wanted:
                yield there
            yield from _places(constant, wanted, there)


def code_at(namespace: Mapping[str, Any], place: Place, otherwise: CodeType) -> CodeType:
    """Return the code that stands in a place now, if it can take the place of the one that did."""
    (first, _), *inner = place
    code = _code_of(namespace, first)
    for name, number in inner:
        if code is None:
            return otherwise
        same = [c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name]
        code = same[number] if number < len(same) else None
    fits = code is not None and code.co_freevars == otherwise.co_freevars
    return code if fits and code is not None else otherwise


def _code_of(namespace: Mapping[str, Any], qualname: str) -> CodeType | None:
    first, *inner = qualname.split(".")
    found = namespace.get(first)
    for name in inner:
        found = vars(found).get(name) if isinstance(found, type) else None
    found = getattr(found, "__func__", found)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__  # type: ignore[union-attr]
    return found.__code__ if isinstance(found, FunctionType) else None


# -- classes -----------------------------------------------------------------------------------------


def class_reduced(cls: type) -> Reduced:
    """Return a class by value."""
    if issubclass(cls, enum.Enum):
        members = [(name, member._value_) for name, member in cls.__members__.items()]
        rest = {
            k: v for k, v in vars(cls).items() if k not in _OWN | _OF_ENUMS | cls.__members__.keys()
        }
        made = (type(cls), cls.__name__, cls.__bases__, cls.__qualname__, cls.__module__, members)
        of_members = {
            name: {k: v for k, v in vars(member).items() if k not in _OF_MEMBERS}
            for name, member in cls.__members__.items()
        }
        return make_enum, made, (rest, of_members), None, None, _fill_enum
    members_ = vars(cls)
    slots = members_.get("__slots__")
    names = (slots,) if isinstance(slots, str) else tuple(slots or ())
    rest = {k: v for k, v in members_.items() if k not in _OWN and k not in names}
    told = {"__slots__": slots} if slots is not None else {}
    if "__orig_bases__" in members_:  # Generic wants to know what it is generic in
        told["__orig_bases__"] = members_["__orig_bases__"]
    made_ = (type(cls), cls.__name__, cls.__bases__, cls.__qualname__, cls.__module__, told)
    registered = _registered(cls)
    if registered:
        rest[_REGISTERED] = registered
    return make_class, made_, rest, None, None, _fill_class


# Not a name that a class statement can bind.
_REGISTERED = "registered with it"


def _registered(cls: type) -> list[type]:
    """Return the classes that were registered with an abstract class."""
    if "_abc_impl" not in vars(cls):
        return []
    import _abc  # type: ignore[import-not-found]

    references = _abc._get_dump(cls)[0]
    return [found for reference in references if (found := reference()) is not None]


def make_class(
    metaclass: type,
    name: str,
    bases: tuple[type, ...],
    qualname: str,
    module: str,
    told: Mapping[str, Any],
) -> type:
    """Make a class without members; they come afterwards, as methods may lead back to it.

    :param told: the few members that it has to be made with.
    """
    namespace: dict[str, Any] = {"__module__": module, "__qualname__": qualname, **told}
    with _bases_not_told(bases):
        made: type = type.__new__(metaclass, name, bases, namespace)
    type.__init__(made, name, bases, namespace)
    return made


@contextmanager
def _bases_not_told(bases: tuple[type, ...]) -> Iterator[None]:
    """Keep the ``__init_subclass__`` of base classes from running: what it did is in the state.

    Only of those that came by value too: these were made just now, and nobody else knows them yet.
    """
    hook = "__init_subclass__"
    mine = [b for base in bases for b in base.__mro__ if hook in vars(b) and not is_findable(b)]
    hooks = {base: vars(base)[hook] for base in mine}
    for base in hooks:
        type.__setattr__(base, hook, classmethod(lambda cls, **options: None))
    try:
        yield
    finally:
        for base, own in hooks.items():
            type.__setattr__(base, hook, own)


def type_variable_reduced(variable: TypeVar) -> Reduced:
    """Return a type variable by value."""
    made = (variable.__name__, variable.__constraints__, variable.__module__)
    return make_type_variable, (
        *made,
        variable.__bound__,
        variable.__covariant__,
        variable.__contravariant__,
    )


def make_type_variable(
    name: str,
    constraints: tuple[Any, ...],
    module: str,
    bound: Any,
    covariant: bool,
    contravariant: bool,
) -> TypeVar:
    """Make a type variable."""
    made: Any = TypeVar
    variable: TypeVar = made(
        name, *constraints, bound=bound, covariant=covariant, contravariant=contravariant
    )
    variable.__module__ = module
    return variable


def make_enum(
    metaclass: type,
    name: str,
    bases: tuple[type, ...],
    qualname: str,
    module: str,
    members: list[tuple[str, Any]],
) -> type:
    """Make an enum with its members."""
    prepare: Callable[..., Any] = metaclass.__prepare__
    namespace = prepare(name, bases)
    namespace["__module__"], namespace["__qualname__"] = module, qualname
    for key, value in members:
        namespace[key] = value
    made: type = metaclass(name, bases, namespace)
    return made


def _fill_enum(
    cls: type[enum.Enum], state: tuple[dict[str, Any], dict[str, dict[str, Any]]]
) -> None:
    rest, of_members = state
    _fill_class(cls, rest)
    for name, attributes in of_members.items():
        vars(cls.__members__[name]).update(attributes)


def _fill_class(cls: Any, rest: Mapping[str, Any]) -> None:
    for name, value in rest.items():
        if name == _REGISTERED:
            for other in value:
                cls.register(other)
        elif vars(cls).get(name) is not value:
            type.__setattr__(cls, name, value)


def descriptor_reduced(item: Any) -> Reduced:
    """Return a property, static method or class method by its functions."""
    if isinstance(item, property):
        return property, (item.fget, item.fset, item.fdel, item.__doc__)
    return type(item), (item.__func__,)


# What dataclasses tells its fields apart by: it asks whether they are these very objects.
_MARKS = {
    id(getattr(dataclasses, name)): name
    for name in ("MISSING", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR",
                 "_HAS_DEFAULT_FACTORY")
}  # fmt: skip
MARK_TYPES = tuple({type(getattr(dataclasses, name)) for name in _MARKS.values()})


def mark_reduced(mark: object) -> str:
    """Return the name by which dataclasses knows one of its marks."""
    return _MARKS[id(mark)]


def builtin_type_name(cls: type) -> str | None:
    """Return dill's name for one of Python's own types that has none of its own, such as that of functions."""
    from dill import _dill

    name: str | None = _dill._typemap.get(cls)
    return name


def builtin_type(name: str) -> type:
    """Return the type that dill calls so."""
    from dill import _dill

    found: type = _dill._load_type(name)
    return found


def mapping_proxy_reduced(item: types.MappingProxyType[Any, Any]) -> Reduced:
    """Return a read-only view of a mapping by what it shows."""
    return types.MappingProxyType, (dict(item),)
