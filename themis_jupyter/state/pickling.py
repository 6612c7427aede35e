"""A state to bytes and back: C pickle for all that it can do, and our own reduction for what it refuses.

The C pickler asks :meth:`_Pickler.reducer_override` about each object that is not one of the plain
containers and constants. Most types are plain: that is decided once for each type. Others are taken apart by
:mod:`.by_value`, with dill's knowledge where the types are Python's own, or refused.
"""

from __future__ import annotations

import io
import pickle
import sys
import threading
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, TypeVar

from .by_value import (
    MARK_TYPES,
    builtin_type,
    builtin_type_name,
    cell_reduced,
    class_reduced,
    code_reduced,
    descriptor_reduced,
    function_reduced,
    is_findable,
    mapping_proxy_reduced,
    mark_reduced,
    module_reduced,
    type_variable_reduced,
)
from .memory import Buffer, copy_of
from .refusals import Refusal, refusal_of

#: Buffers of at least so many bytes are kept out of band, copied once.
OUT_OF_BAND = 1 << 16

#: Given an object, what makes it again: a callable and its arguments.
Recipe = Callable[[Any], tuple[Callable[..., Any], tuple[Any, ...]]]

_LOCKS: tuple[type, ...] = (type(threading.Lock()), type(threading.RLock()))


class RefusedError(Exception):
    """Something is no state.

    :param culprit: the object.
    """

    def __init__(self, culprit: object, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.culprit = culprit
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Rules:
    """How a state is taken apart.

    :param portable: for another process: what is in the notebook goes by value, and nothing by reference.
    :param stays: whether an object comes back as itself.
    :param asked: types of objects that ``stays`` is asked about.
    :param recipes: by type, how to make its objects again.
    """

    portable: bool = False
    stays: Callable[[object], bool] = lambda obj: False
    asked: tuple[type, ...] = ()
    recipes: Mapping[type, Recipe] = field(default_factory=dict)


class Writer:
    """Writes values one after the other; what they share is written once.

    :param told: called with the bytes so far, from time to time.
    :raises Exception: from :meth:`write`, whatever pickle or an object's own code raises.
    """

    def __init__(self, rules: Rules, told: Callable[[int], object] | None = None) -> None:
        self._told = told
        self._file = io.BytesIO() if told is None else _Telling(self._tell)
        self.buffers: list[Buffer] = []
        self._apart = 0  # bytes in the buffers: they may be very many, so nobody sums them up
        self._pickler = _Pickler(self._file, rules, self._keep)

    def _keep(self, buffer: pickle.PickleBuffer) -> bool:
        with buffer.raw() as raw:
            if raw.nbytes < OUT_OF_BAND:
                return True  # in band
            before = self._size()
            copy = copy_of(raw, lambda done: self._tell(before + done))
            self.buffers.append(copy.toreadonly())
            self._apart += copy.nbytes
        return False

    def _size(self) -> int:
        return self._file.tell() + self._apart

    def _tell(self, done: int | None = None) -> None:
        if self._told is not None:
            self._told(self._size() if done is None else done)

    def begin(self, root: dict[str, Any]) -> None:
        """Let what leads back to ``root`` find it there; its entries are to be written one by one."""
        standin: dict[str, Any] = {}
        self._pickler.dump(standin)
        place, _ = self._pickler.memo.copy()[id(standin)]
        self._pickler.memo = {id(root): (place, root)}

    def write(self, value: object) -> int:
        """Write a value; return how many bytes it took."""
        before = self._size()
        self._pickler.dump(value)
        return self._size() - before

    def data(self) -> bytes:
        """Return what was written."""
        return self._file.getvalue()

    @property
    def last(self) -> object:
        """The last object that was asked about: where pickle fails, mostly the culprit."""
        return self._pickler.last

    @property
    def facts(self) -> _Pickler:
        """What was met on the way."""
        return self._pickler


class _Telling(io.BytesIO):
    """A file in memory that tells when something was written: pickle does in stretches of 64 kB."""

    def __init__(self, told: Callable[[], object]) -> None:
        super().__init__()
        self._told = told

    def write(self, data: Any, /) -> int:
        """Append."""
        count = super().write(data)
        self._told()
        return count


class _Pickler(pickle.Pickler):
    """Decides object by object.

    :ivar references: objects that come back as themselves.
    :ivar stayed: those of them that the rules keep.
    :ivar reset: what comes back, but not as it was, each with the reason.
    :ivar rebuilt: objects that a recipe makes again.
    :ivar code: whether code was written by value.
    """

    def __init__(
        self, file: io.BytesIO, rules: Rules, keep: Callable[[pickle.PickleBuffer], bool]
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=keep)
        self._rules = rules
        self._plain: set[int] = set()
        self._namespaces: dict[int, dict[str, Any]] = {}
        self._kinds: list[type] = []  # keeps them alive, so that their ids stay theirs
        self.last: object = None
        self.references: list[object] = []
        self.stayed: list[object] = []
        self.reset: list[tuple[object, str]] = []
        self.rebuilt: list[object] = []
        self.code = False

    def reducer_override(self, obj: Any) -> Any:
        """Return how an object is taken apart; NotImplemented leaves it to pickle."""
        self.last = obj
        kind = type(obj)
        if id(kind) in self._plain:
            return NotImplemented
        reduced = self._decide(obj, kind)
        return reduced

    def _decide(self, obj: Any, kind: type) -> Any:
        rules = self._rules
        if rules.asked and issubclass(kind, rules.asked):
            if not rules.stays(obj):
                return NotImplemented
            if rules.portable:
                raise RefusedError(obj, _HERE_ONLY)
            self.stayed.append(obj)
            return self._refer(obj)
        for base, recipe in rules.recipes.items():
            if issubclass(kind, base):
                self.rebuilt.append(obj)
                function, arguments = recipe(obj)
                return _rebuild, (function, arguments)
        if issubclass(kind, type):
            return self._class(obj)
        if kind is FunctionType:
            return self._function(obj)
        if kind is TypeVar:
            return self._type_variable(obj)
        reduce = _REDUCERS.get(id(kind))
        if reduce is not None:
            self.code = self.code or kind is CodeType
            return reduce(obj)
        if kind in _LOCKS:
            return self._lock(obj)
        refusal = refusal_of(kind)
        if refusal is not None:
            raise RefusedError(obj, refusal)
        if issubclass(kind, BaseException):
            return self._exception(obj)
        self._plain.add(id(kind))
        self._kinds.append(kind)
        return NotImplemented

    def _refer(self, obj: object) -> Any:
        self.references.append(obj)
        return _referred, (len(self.references) - 1,)

    def _class(self, cls: type) -> Any:
        if is_findable(cls) and not self._is_mine(cls):
            return NotImplemented
        if not cls.__flags__ & _HEAP_TYPE:
            name = builtin_type_name(cls)
            return (builtin_type, (name,)) if name is not None else NotImplemented
        if not self._rules.portable:
            return self._refer(cls)  # in this process it is still there, and one only
        self.code = True
        return class_reduced(cls)

    def _function(self, function: FunctionType) -> Any:
        if is_findable(function) and not self._is_mine(function):
            return NotImplemented
        if not self._rules.portable and _is_constant(function):
            return self._refer(function)
        self.code = True
        return function_reduced(function, self._rules.portable, self._namespaces)

    def _type_variable(self, variable: Any) -> Any:
        module = sys.modules.get(variable.__module__ or "")
        if getattr(module, variable.__name__, None) is variable and not self._is_mine(variable):
            return NotImplemented
        return type_variable_reduced(variable) if self._rules.portable else self._refer(variable)

    def _is_mine(self, obj: Any) -> bool:
        """Return whether another process would not find it: it was written in the notebook."""
        return self._rules.portable and obj.__module__ == "__main__"

    def _exception(self, error: BaseException) -> Any:
        if error.__traceback__ or error.__cause__ or error.__context__:
            self.reset.append((error, "an exception, without its traceback and what it came from"))
        return NotImplemented

    def _lock(self, lock: Any) -> Any:
        kind = type(lock)
        held = lock.locked() if hasattr(lock, "locked") else "owner=0 " not in repr(lock)
        if held:
            raise RefusedError(lock, _HELD)
        self.reset.append((lock, "a lock, which comes back open"))
        return (threading.Lock if kind is _LOCKS[0] else threading.RLock), ()


_HELD = Refusal("a lock that is held", "release it before the reload, or name it in `transient`")
_HERE_ONLY = Refusal(
    "the plugin itself, a handle or a widget, which belongs to this kernel",
    "leave it out of what save_state() returns, or name it in `transient`",
)
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE

_REDUCERS: dict[int, Callable[[Any], Any]] = {
    id(CellType): cell_reduced,
    id(CodeType): code_reduced,
    id(ModuleType): module_reduced,
    id(property): descriptor_reduced,
    id(staticmethod): descriptor_reduced,
    id(classmethod): descriptor_reduced,
    id(types.MappingProxyType): mapping_proxy_reduced,
    **dict.fromkeys(map(id, MARK_TYPES), mark_reduced),
}


def _is_constant(function: FunctionType) -> bool:
    """Return whether nothing in a function can change but by an edit: it has no variables of its own."""
    values = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    plain = all(isinstance(v, int | float | complex | str | bytes | None) for v in values)
    return not function.__closure__ and plain and not vars(function)


# -- and back ----------------------------------------------------------------------------------------


class _Loading(threading.local):
    references: Sequence[object] = ()
    proving: bool = False


_loading = _Loading()


def _referred(index: int) -> object:
    return _loading.references[index]


def _rebuild(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    # What proves that a state loads must not open connections.
    return None if _loading.proving else function(*arguments)


class Reader:
    """Reads values that a :class:`Writer` wrote, in their order.

    :param references: those of the writer.
    :param aliases: by former ``module.name``, the present one of a renamed class.
    :param proving: what recipes make stays away.
    :param portable: nothing may be looked for in the notebook, which another process does not have.
    :ivar modules: names of the modules that the values' classes and functions come from.
    """

    def __init__(
        self,
        data: bytes,
        buffers: Sequence[Any],
        references: Sequence[object] = (),
        *,
        aliases: Mapping[str, str] | None = None,
        proving: bool = False,
        portable: bool = False,
    ) -> None:
        self._references = references
        self._proving = proving
        self._unpickler = _Unpickler(io.BytesIO(data), buffers, aliases or {}, portable)
        self.modules = self._unpickler.modules

    def begin(self) -> dict[str, Any]:
        """Return the empty dict that entries read later lead back to."""
        root: dict[str, Any] = self.read()
        return root

    def read(self) -> Any:
        """Return the next value."""
        outer = _loading.references, _loading.proving
        _loading.references, _loading.proving = self._references, self._proving
        try:
            return self._unpickler.load()
        finally:
            _loading.references, _loading.proving = outer


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        file: io.BytesIO,
        buffers: Sequence[Any],
        aliases: Mapping[str, str],
        portable: bool,
    ) -> None:
        super().__init__(file, buffers=buffers)
        self._portable = portable
        self._aliases = aliases
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function by its name, or by the one that it has now."""
        alias = self._aliases.get(f"{module}.{name}")
        if alias is not None:
            module, _, name = alias.rpartition(".")
        if self._portable and module == "__main__":
            raise pickle.UnpicklingError(
                f"{name!r} is in the notebook and known by its name only, which means nothing in another kernel"
            )
        self.modules.add(module)
        return super().find_class(module, name)
