"""What a handle does with a plugin's class: which of its attributes become counted calls, and how.

Nothing in here knows the class :class:`~themis_jupyter.handle.Handle`; it works on functions.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Protocol

from . import inflight
from .closure import Closure
from .gate import Gate, not_loaded
from .inflight import TRACKED, local, new_stack
from .user_frames import leave_us_out


class Target(Protocol):
    """The record behind a handle. Its owner changes it; the handle looks at it each time.

    ``instance`` is None while the plugin is unloaded. Whoever sets it to None retires the gate,
    and whoever sets it again revives the gate after that.
    """

    @property
    def name(self) -> str: ...
    @property
    def instance(self) -> object | None: ...
    @property
    def gate(self) -> Gate: ...


class Forwarder:
    """Makes the functions through which one handle reaches its plugin, one for each name.

    A name keeps its function for good, so that ``m = handle.method`` goes on working.

    :param target: the record behind the handle.
    :param raw: gives a handle's instance, and anything else unchanged.
    """

    def __init__(self, target: Target, raw: Callable[[Any], Any]) -> None:
        self.target = target
        self.functions: dict[str, types.FunctionType] = {}
        #: Types of results that :meth:`settle` has to look at, the plugin's own class among them.
        self.special: set[type] = set(TRACKED)
        #: Names of coroutine functions: while the gate is shut, they need not block the thread.
        self.coroutines: set[str] = set()
        self._raw = raw

    def current(self) -> Any:
        """Return the instance.

        :raises PluginNotLoadedError: there is none.
        """
        instance = self.target.instance
        if instance is None:
            raise not_loaded(self.target.gate)
        return instance

    def settle(self, handle: Any, name: str, result: Any) -> Any:
        """Return what the caller gets: the handle in place of the instance, generators counted."""
        if result is self.target.instance:
            return handle
        if type(result) in TRACKED:
            settle = functools.partial(self.settle, handle, name)
            return inflight.track(result, self.target.gate, name, settle)
        return result

    def function(self, name: str, static: Any) -> types.FunctionType:
        """Return the counted function of that name, dressed as the plugin's present one.

        :param static: the attribute as it stands in the class, not bound.
        """
        function = self.functions.get(name)
        if function is None:
            made = gated(self, name)
            if name in BINARY:
                made = _with_raw_operand(made, self._raw)
            function = self.functions[name] = made
        _dress(function, name, static, self.target.instance)
        if inspect.iscoroutinefunction(static):
            self.coroutines.add(name)
        else:
            self.coroutines.discard(name)
        return function


def gated(forwarder: Forwarder, name: str) -> Any:
    """Return a function that calls the current instance's ``name`` as a call in flight.

    This is the hot path of the package: :meth:`Gate.run` with everything written out.
    """
    target, special, coroutines = forwarder.target, forwarder.special, forwarder.coroutines

    def call(handle: Any, /, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython and pytest leave this frame out
        try:
            stack = local.stack
        except AttributeError:
            stack = new_stack()
        gate = target.gate
        token = (gate, name, monotonic())
        try:
            # In here: an interrupt can come right after append, and must find the finally.
            stack.append(token)
            if gate.closure is not None:
                if name in coroutines and gate.would_wait(stack):
                    return _named_after(call, _call_later(gate, call, handle, args, kwargs))
                gate.admit(stack, token)
            instance = target.instance
            if instance is None:
                raise not_loaded(gate)
            result = getattr(instance, name)(*args, **kwargs)
            if type(result) in special:
                result = forwarder.settle(handle, name, result)
            return result
        except TypeError as error:
            leave_us_out(error)  # wrong arguments: the error arises here, not in the plugin
            raise
        finally:
            gate.used = True
            try:
                if stack[-1] is token:
                    stack.pop()
            finally:
                if gate.closure is not None:
                    gate.left()

    return call


async def _call_later(
    gate: Gate, call: Any, handle: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    # It is not in flight yet: a coroutine that waits for the gate does not hold up the drain.
    __tracebackhide__ = True
    closure = gate.closure
    if isinstance(closure, Closure) and not closure.is_open:
        await closure.opened(gate)
    return await call(handle, *args, **kwargs)


def _named_after(function: Any, coroutine: Any) -> Any:
    coroutine.__name__, coroutine.__qualname__ = function.__name__, function.__qualname__
    return coroutine


def _with_raw_operand(call: Any, raw: Callable[[Any], Any]) -> Any:
    def operator(handle: Any, other: Any, /, *rest: Any) -> Any:
        __tracebackhide__ = True
        return call(handle, raw(other), *rest)

    return operator


# --- dressing -------------------------------------------------------------------------------------


def _dress(function: types.FunctionType, name: str, static: Any, instance: Any) -> None:
    """Give ``function`` the name, documentation, signature and kind of the plugin's own."""
    function.__dict__.clear()
    function.__name__ = function.__qualname__ = name
    function.__doc__ = None
    wrapped = static.__func__ if isinstance(static, classmethod) else static
    functools.update_wrapper(function, wrapped)
    if isinstance(static, types.FunctionType):
        pass
    elif isinstance(static, staticmethod):
        _sign(function, lambda: static.__func__)
    elif not isinstance(static, (classmethod, *_BUILTIN)):
        # A decorator of another kind: lru_cache, partialmethod, wrapt and the like. Unbound it
        # has no known shape, bound it has one. Its own attributes (cache_clear …) stay reachable.
        _sign(function, lambda: getattr(instance, name))
        for extra in dir(static):
            if not extra.startswith("__") and extra not in function.__dict__:
                setattr(function, extra, getattr(static, extra, None))
    _mark_coroutine(function, inspect.iscoroutinefunction(wrapped))


def _sign(function: Any, bound: Callable[[], Any]) -> None:
    """Set a signature which, less its first parameter, is that of what ``bound`` returns."""
    try:
        signature = inspect.signature(bound())
    except Exception:  # noqa: BLE001 - a foreign descriptor may raise anything, and then has none
        return
    handle = inspect.Parameter("handle", inspect.Parameter.POSITIONAL_ONLY)
    taken = "handle" in signature.parameters
    first = handle.replace(name="_handle") if taken else handle
    function.__signature__ = signature.replace(parameters=[first, *signature.parameters.values()])


def _mark_coroutine(function: types.FunctionType, is_coroutine: bool) -> None:
    """Make ``inspect.iscoroutinefunction`` say what it says of the plugin's own function."""
    if sys.version_info >= (3, 12):
        if is_coroutine:
            inspect.markcoroutinefunction(function)
        return
    # Python 3.11 looks at the code's flags and nowhere else. What *makes* a coroutine there is the
    # instruction RETURN_GENERATOR, which this code does not have: it runs as the plain function
    # that it is, and returns the coroutine it was given.
    code = function.__code__
    flags = code.co_flags & ~inspect.CO_COROUTINE
    flags |= inspect.CO_COROUTINE if is_coroutine else 0
    if flags != code.co_flags:
        function.__code__ = code.replace(co_flags=flags)


# --- sorting a class's attributes -----------------------------------------------------------------

_BUILTIN = (
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)
_ROUTINES = (
    types.FunctionType,
    staticmethod,
    classmethod,
    functools.partialmethod,
    functools.singledispatchmethod,
    *_BUILTIN,
)

_OUR_MATTERS = """
        abstractmethods annotate annotate_func annotations annotations_cache class
        class_getitem classcell classdictcell copy deepcopy del delattr dict dir doc
        firstlineno getattr getattribute getnewargs getnewargs_ex getstate init
        init_subclass module name new orig_bases parameters qualname reduce reduce_ex repr
        set_name setattr setstate sizeof slots static_attributes str subclasshook
        type_params weakref
"""
#: Special methods that the handle has itself, or that concern a class and not its instances.
NOT_FORWARDED = frozenset(f"__{name}__" for name in _OUR_MATTERS.split())

_ARITHMETIC = "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or"
#: Operators with a second operand, which may be a handle too.
BINARY = frozenset(
    f"__{prefix}{name}__" for prefix in ("", "r", "i") for name in _ARITHMETIC.split()
) | {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"}


def class_attributes(cls: type) -> Mapping[str, Any]:
    """Return the attributes of a class as they stand in it and its bases, less ``object``'s."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is not object:
            found.update(vars(base))
    return found


def is_dunder(name: str) -> bool:
    """Whether it is the name of a special method or the like."""
    return len(name) > 4 and name.startswith("__") and name.endswith("__")


def is_method(name: str, static: Any) -> bool:
    """Whether a class attribute becomes a counted method of the handle.

    Methods do, of any kind, and special methods made of any callable. A plain callable object in
    the class body is data: it gets no ``self``, and is handed out as it is.
    """
    if isinstance(static, type):
        return False
    if isinstance(static, _ROUTINES):
        return True
    if not callable(static):
        return False
    kind = type(static)
    binds = hasattr(kind, "__get__") and not hasattr(kind, "__set__")
    return binds or is_dunder(name)
