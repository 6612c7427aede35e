"""The instance of a plugin over reloads: it stays the same object, its contents are made anew."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .errors import UnpatchableError, describe
from .plugin import Plugin


@dataclass(frozen=True)
class SetAside:
    """What made up an instance before it was made anew."""

    instance: Plugin
    cls: type
    attributes: dict[str, Any]
    slots: dict[str, Any]

    @classmethod
    def of(cls, instance: Plugin) -> SetAside:
        """Remember an instance's class and attributes; nothing of it changes."""
        return cls(instance, type(instance), dict(vars(instance)), dict(_slots(instance)))

    def put_back(self) -> None:
        """Make the instance what it was."""
        _set_class(self.instance, self.cls)
        clear(self.instance)
        vars(self.instance).update(self.attributes)
        for name, value in self.slots.items():
            object.__setattr__(self.instance, name, value)


def clear(instance: Plugin) -> None:
    """Leave an instance without attributes."""
    vars(instance).clear()
    for name in dict(_slots(instance)):
        object.__delattr__(instance, name)


def adopt(instance: Plugin, made: Plugin) -> None:
    """Give ``instance`` the class and attributes of ``made``.

    :raises UnpatchableError: CPython cannot give an object that class.
    """
    _set_class(instance, type(made))
    vars(instance).update(vars(made))
    for name, value in _slots(made):
        object.__setattr__(instance, name, value)


def init_again(instance: Plugin, cls: type[Plugin]) -> None:
    """Make an instance what ``cls()`` makes, in place.

    :raises UnpatchableError: CPython cannot give an object that class.
    :raises BaseException: whatever its ``__init__`` raises.
    """
    _set_class(instance, cls)
    if cls.__new__ is not object.__new__:
        blank = cls.__new__(cls)
        if blank is not instance and isinstance(blank, cls):
            adopt(instance, blank)
    cls.__init__(instance)


def makes_its_own(cls: type) -> bool:
    """Return whether ``cls()`` is not Python's own ``__new__`` then ``__init__`` (a singleton …)."""
    return type(cls).__call__ is not type.__call__


def _set_class(instance: Plugin, cls: type) -> None:
    if type(instance) is cls:
        return
    try:
        object.__setattr__(instance, "__class__", cls)
    except TypeError as error:
        old = type(instance).__qualname__
        raise UnpatchableError(
            f"{cls.__module__}.{cls.__qualname__}",
            f"the plugin's instance cannot become a {cls.__qualname__!r}: {describe(error)}. It was "
            f"made as {old!r}; unload the plugin and load it again.",
        ) from error


def _slots(instance: object) -> Iterator[tuple[str, Any]]:
    for cls in type(instance).__mro__:
        slots = vars(cls).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            private = slot.startswith("__") and not slot.endswith("__")
            name = f"_{cls.__name__.lstrip('_')}{slot}" if private else slot
            descriptor = vars(cls).get(name)
            if name in ("__dict__", "__weakref__") or descriptor is None:
                continue
            try:
                yield name, descriptor.__get__(instance, type(instance))
            except AttributeError:  # not set
                continue


@dataclass
class Restores:
    """Whether an instance got its state back while it was watched."""

    done: bool = False
    _depth: int = 0


@contextmanager
def watch_restore(instance: Plugin) -> Iterator[Restores]:
    """Watch for calls of ``restore_state`` on an instance, also by way of ``super()``.

    What counts is that it did not raise, and did not return False. The methods of the classes are
    replaced meanwhile: what is found in the instance would not be asked by ``super()``, and would be
    part of what the plugin saves or copies.
    """
    restores = Restores()
    originals = [
        (cls, vars(cls)["restore_state"])
        for cls in type(instance).__mro__
        if "restore_state" in vars(cls)
    ]
    try:
        for cls, original in originals:
            type.__setattr__(cls, "restore_state", _watched(original, instance, restores))
        yield restores
    finally:
        for cls, original in originals:
            type.__setattr__(cls, "restore_state", original)


def _watched(original: Any, instance: Plugin, restores: Restores) -> Any:
    @functools.wraps(original)
    def restore_state(self: Any, *args: Any, **kwargs: Any) -> Any:
        binds = hasattr(type(original), "__get__")
        bound = original.__get__(self, type(self)) if binds else original
        if self is not instance:
            return bound(*args, **kwargs)
        restores._depth += 1
        try:
            answer = bound(*args, **kwargs)
        finally:
            restores._depth -= 1
        if restores._depth == 0 and (answer is None or answer is True):
            restores.done = True
        return answer

    return restore_state
