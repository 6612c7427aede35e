"""The handle: what a user holds in place of a plugin's instance, over reloads and unloads.

It behaves as the instance does: attributes, items, calls, operators, ``isinstance``, Tab completion
and ``help``. What differs is that each use goes through the plugin's gate (see
:mod:`themis_jupyter.gate`), so that it waits for a swap in place of failing in the middle of one.

Each handle has a class of its own, because Python looks for special methods in classes only: it has
just those which the plugin's class has. Attributes are found by ``__getattribute__``, so nothing of
ours can hide one of the plugin's. The class also holds the counted methods by name, for who reads
classes without asking instances: ``help``, jedi, ``typing.Protocol``.

Limits: an object that the plugin hands out (``handle.model``) is not watched over, only what is
called on the handle itself. ``hash(handle)`` is that of the instance: a reload does not change it,
unloading and loading anew does. A class that is changed by hand, not by a reload, shows its new
special methods and signatures after :func:`refresh`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from .forwarding import (
    NOT_FORWARDED,
    Forwarder,
    Target,
    class_attributes,
    is_dunder,
    is_method,
)
from .gate import not_loaded
from .inflight import TRACKED, this_stack
from .names import titled
from .user_frames import leave_us_out

T = TypeVar("T")

#: Methods of the handle itself, also when asked for by name.
_OWN = ("__copy__", "__deepcopy__", "__dir__", "__reduce__", "__reduce_ex__", "__repr__", "__str__")

_BOUND = (types.MethodType, types.BuiltinMethodType, types.MethodWrapperType)


class Handle:
    """Stands for a plugin, loaded or not. ``manager.get_plugin(name)`` gives one."""

    __slots__ = ("__weakref__", "_core")

    if TYPE_CHECKING:  # each handle's own class has the plugin's attributes

        def __getattr__(self, name: str) -> Any: ...

    def __setattr__(self, name: str, value: object) -> None:
        __tracebackhide__ = True
        core = _core(self)
        core.target.gate.run(name, core.write, name, value)

    def __delattr__(self, name: str) -> None:
        __tracebackhide__ = True
        core = _core(self)
        core.target.gate.run(name, core.delete, name)

    def __dir__(self) -> Iterable[str]:
        core = _core(self)
        if core.target.instance is None:
            return []
        names: Iterable[str] = core.target.gate.run("__dir__", core.apply, dir)
        return names

    def __repr__(self) -> str:
        __tracebackhide__ = True
        return _core(self).describe()

    def __str__(self) -> str:
        __tracebackhide__ = True
        core = _core(self)
        instance = core.target.instance
        if instance is None or type(instance).__str__ is object.__str__:
            return core.describe()
        text: str = core.target.gate.run("__str__", core.apply, str)
        return text

    def __bool__(self) -> bool:
        __tracebackhide__ = True
        core = _core(self)
        truth: bool = core.target.gate.run("__bool__", core.apply, bool)
        return truth

    # Of these two the class of a handle has better ones, if the plugin's class has.
    def __eq__(self, other: object) -> bool:
        return _core(self).current() is _raw(other) or NotImplemented

    def __hash__(self) -> int:
        return hash(_core(self).current())

    def __copy__(self) -> Handle:
        return self

    def __deepcopy__(self, memo: object) -> Handle:
        return self

    def __reduce__(self) -> NoReturn:
        name = _core(self).target.name
        raise TypeError(
            f"the handle of plugin {name!r} cannot be pickled: it belongs to the manager of this "
            f"process. Pickle the plugin's data, or its name, and ask for the plugin over there"
        )

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        self.__reduce__()


# Taken out of the class, so that it is in nobody's way; these functions go on working.
_core_slot: Any = Handle.__dict__["_core"]
_core: Callable[[Handle], _Core] = _core_slot.__get__
del Handle._core  # type: ignore[attr-defined]


class _Core(Forwarder):
    """A handle's own data, and the slow ways to the plugin."""

    def __init__(self, target: Target) -> None:
        super().__init__(target, _raw)
        self.cls: type[Handle] = type("Handle", (Handle,), {"__slots__": ()})
        self.handle = object.__new__(self.cls)
        self.methods: dict[str, types.MethodType] = {}
        for name in _OWN:
            self.methods[name] = types.MethodType(getattr(Handle, name), self.handle)
        self.seen: type | None = None
        self._dressed: set[str] = set()
        self._getters = _attribute_getters(self.methods, target, self.lookup)
        self.cls.__getattribute__ = self._getters[1]  # type: ignore[assignment]
        _core_slot.__set__(self.handle, self)

    # --- attributes -------------------------------------------------------------------------------

    def lookup(self, name: str) -> Any:
        """Return the value of an attribute that is not a plain method."""
        __tracebackhide__ = True
        instance = self.target.instance
        if name == "__class__":  # isinstance() asks; it must neither wait nor fail
            return self.cls if instance is None else instance.__class__
        if instance is None:
            return self.lookup_unloaded(name)
        return self.target.gate.run(name, self.read, name)

    def lookup_unloaded(self, name: str) -> Any:
        """Return the little that there is without an instance."""
        __tracebackhide__ = True
        if name in _OWN:
            return self.methods[name]
        error = not_loaded(self.target.gate)
        if is_dunder(name) or name.startswith(("_repr_", "_ipython_")):
            # Whoever asks for these wants to know what kind of object it is, not to use it.
            raise AttributeError(str(error), name=name, obj=self.handle)
        raise error

    def read(self, name: str) -> Any:
        """Read an attribute; to be run inside the gate."""
        __tracebackhide__ = True
        instance = self.current()
        if type(instance) is not self.seen:
            self.refresh()
        try:
            value = getattr(instance, name)
        except AttributeError as error:
            leave_us_out(error)
            raise
        known = self.methods.get(name)
        if known and callable(value) and name not in getattr(instance, "__dict__", ()):
            return known
        if isinstance(value, _BOUND) and value.__self__ is instance:
            # Found by the plugin's own __getattr__, or a method kept under a second name.
            if name not in self._dressed:
                self.function(name, getattr(value, "__func__", value))
                self._dressed.add(name)
            return types.MethodType(self.functions[name], self.handle)
        if value is instance or type(value) in TRACKED:
            return self.settle(self.handle, name, value)
        return value

    def write(self, name: str, value: object) -> None:
        """Set an attribute; to be run inside the gate."""
        __tracebackhide__ = True
        instance = self.current()
        if isinstance(value, types.MethodType) and value.__self__ is self.handle:
            # One of our own methods, put back by monkeypatch, say. Called by name, it would call
            # itself: the instance gets the method that is meant.
            static = class_attributes(type(instance)).get(value.__func__.__name__)
            bind = getattr(type(static), "__get__", None)
            value = bind(static, instance, type(instance)) if bind else value
        try:
            setattr(instance, name, value)
        except AttributeError as error:
            leave_us_out(error)
            raise

    def apply(self, function: Callable[[Any], T]) -> T:
        """Call one of Python's functions with the instance; to be run inside the gate."""
        __tracebackhide__ = True
        try:
            return function(self.current())
        except TypeError as error:  # what __str__ returns is no text, say
            leave_us_out(error)
            raise

    def delete(self, name: str) -> None:
        """Delete an attribute; to be run inside the gate."""
        __tracebackhide__ = True
        try:
            delattr(self.current(), name)
        except AttributeError as error:
            leave_us_out(error)
            raise

    # --- the class --------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Make the handle's class fit the plugin's present class."""
        instance = self.target.instance
        if instance is None:  # keep what there is: each use says that the plugin is not loaded
            return
        plugin = type(instance)
        wanted: dict[str, Any] = {
            "__doc__": plugin.__doc__,
            "__getattribute__": self._getters[0 if _has_plain_dict(plugin) else 1],
        }
        methods = {name: self.methods[name] for name in _OWN}
        for name, static in class_attributes(plugin).items():
            if name in NOT_FORWARDED:
                continue
            if is_method(name, static):
                function = self.function(name, static)
                wanted[name] = function
                methods[name] = self.methods.get(name) or types.MethodType(function, self.handle)
            elif isinstance(static, property):
                wanted[name] = _property(name, static.__doc__, vars(self.cls).get(name))
            elif is_dunder(name):
                wanted[name] = static
        self.special.clear()
        self.special.update(TRACKED, (plugin,))
        self.seen = plugin
        self._dressed.clear()
        self._dress_class(wanted, f"{plugin.__name__}Handle")
        # In this order: a method that stays is never missing, also for a moment.
        self.methods.update(methods)
        for name in self.methods.keys() - methods.keys():
            del self.methods[name]

    def _dress_class(self, wanted: dict[str, Any], name: str) -> None:
        # Each change of a class costs the interpreter its caches, so only what differs is set.
        self.cls.__name__ = self.cls.__qualname__ = name
        present = vars(self.cls)
        for key, value in wanted.items():
            if key not in present or present[key] is not value:
                setattr(self.cls, key, value)
        for key in present.keys() - wanted.keys() - {"__module__", "__slots__"}:
            delattr(self.cls, key)

    # --- text -------------------------------------------------------------------------------------

    def describe(self) -> str:
        """Return the handle's ``repr``; never waits, and never fails for want of an instance."""
        __tracebackhide__ = True
        name, instance = self.target.name, self.target.instance
        if instance is None and self.target.gate.broken:
            return f"<plugin {name}: broken; mend it, and `%reload_plugin {name}`>"
        if instance is None:
            return f"<plugin {name}: not loaded; `%load_plugin {name}` loads it>"
        plugin = type(instance)
        head = titled(name, getattr(plugin, "version", None))
        if self.target.gate.would_wait([*this_stack(), None]):
            return f"<plugin {head}: being reloaded>"
        text = f"{plugin.__name__} object"
        definer = next(base for base in plugin.__mro__ if "__repr__" in vars(base))
        if definer is not object and not definer.__module__.startswith("themis_jupyter."):
            text = self.target.gate.run("__repr__", self.apply, repr)
        return f"<plugin {head}: {text}>"


def _has_plain_dict(plugin: type) -> bool:
    """Whether instances have a ``__dict__``, and find their attributes as objects usually do."""
    usual = isinstance(plugin.__getattribute__, types.WrapperDescriptorType)
    return usual and plugin.__dictoffset__ != 0


def _attribute_getters(
    methods: dict[str, types.MethodType], target: Target, lookup: Callable[[str], Any]
) -> tuple[Callable[[Handle, str], Any], Callable[[Handle, str], Any]]:
    """Return two ``__getattribute__``: one for instances with a plain dict, one for any."""

    def fast(handle: Handle, name: str) -> Any:
        try:
            if name in methods and name not in target.instance.__dict__:
                return methods[name]
        except (AttributeError, KeyError):  # unloaded just now, or the method went with a reload
            pass
        __tracebackhide__ = True
        return lookup(name)

    def thorough(handle: Handle, name: str) -> Any:
        __tracebackhide__ = True
        return lookup(name)

    return fast, thorough


def _property(name: str, doc: str | None, present: object) -> property:
    """Return a property for ``help`` to show; attributes are found without it."""
    if isinstance(present, property) and present.__doc__ == doc:
        return present
    return property(lambda handle: getattr(handle, name), doc=doc)


def _raw(value: Any) -> Any:
    """Return the instance behind a handle; anything else unchanged."""
    return _core(value).current() if isinstance(value, Handle) else value


def make_handle(target: Target) -> Handle:
    """Return a handle for a plugin's record; make one for each record, and keep it.

    It follows the plugin's class by itself: before the gate opens, and when the gate is revived.
    """
    core = _Core(target)
    core.refresh()
    target.gate.before_open.append(core.refresh)
    return core.handle


def refresh(handle: Handle) -> None:
    """Make the handle fit its plugin's class, when that was changed with the gate open."""
    _core(handle).refresh()


def target_of(handle: Handle) -> Target:
    """Return the record behind a handle."""
    return _core(handle).target


def instance_of(handle: Handle) -> Any:
    """Return the plugin's instance itself, which no gate protects.

    :raises PluginNotLoadedError: the plugin is not loaded.
    """
    return _core(handle).current()
