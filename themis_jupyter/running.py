"""Calling a plugin's own methods: interruptible, limited in time, their answers checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from types import MethodType
from typing import Any, TypeVar

from .config import own_copy
from .errors import PhaseTimeoutError, PluginError, PluginLoadError, StateError
from .handle import Handle
from .instance import watch_restore
from .interrupts import InterruptGuard
from .limits import call_within
from .names import shown
from .own_widget import widget_types
from .plugin import Plugin, StatefulPlugin
from .state import Rules, Snapshot
from .state.migration import aliases_of, migrate, needs_way_down, state_version_of
from .state.recipes import recipes_of
from .task import Task

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A state that was loaded, for the plugin to take."""

    value: Any


class Runner:
    """Runs code of plugins during one operation.

    :param limit: seconds that one call may take; None for no limit.
    :param request_limit: seconds that a plugin may delay its reload.
    """

    def __init__(
        self, guard: InterruptGuard, limit: float | None, request_limit: float = 5.0
    ) -> None:
        self.guard = guard
        self.limit = limit
        self.request_limit = request_limit

    def call(self, plugin: str, what: str, function: Callable[..., T], *args: Any) -> T:
        """Return ``function(*args)``.

        :param what: how the time-out error calls it, such as ``initialize()``.
        :raises PhaseTimeoutError: it took longer than the limit.
        :raises BaseException: whatever it raises.
        """

        def too_slow() -> BaseException:
            return PhaseTimeoutError(
                f"{what} of {plugin!r} did not end within {self.limit:g} s and was stopped. If it needs "
                "longer, raise the limit: c.PluginManager.step_timeout (seconds)."
            )

        return call_within(self.limit, self.guard, too_slow, function, *args)

    def initialize(
        self, name: str, instance: Plugin, config: dict[str, Any], state: Loaded | None
    ) -> bool:
        """Run ``initialize``; return whether it restored the state itself.

        :raises PluginLoadError: it returned False, or what is no answer.
        """
        given = own_copy(config)
        if state is not None:
            given["restored_state"] = state.value
        with watch_restore(instance) as restores:
            answer = self.call(name, "initialize()", instance.initialize, given)
        if answer is False:
            raise PluginLoadError(
                name, f"initialize() of {name!r} returned False: the plugin refuses to start."
            )
        if answer is not None and answer is not True:
            raise PluginLoadError(name, nonsense(name, "initialize()", answer))
        return restores.done

    def restore_state(self, name: str, instance: Plugin, state: Loaded) -> None:
        """Give a plugin its state back.

        :raises StateError: it refuses, or cannot take it.
        """
        restore = getattr(instance, "restore_state", None)
        if restore is None:
            raise StateError(
                name,
                f"{name!r} had state, but has no restore_state() any more. Derive it from "
                "StatefulPlugin again, or reload without the state (--fresh).",
            )
        answer = self.call(name, "restore_state()", restore, state.value)
        if answer is False:
            raise StateError(
                name, f"restore_state() of {name!r} returned False: it refuses the saved state."
            )
        if answer is not None and answer is not True:
            raise StateError(name, nonsense(name, "restore_state()", answer))

    def save_state(
        self,
        name: str,
        instance: Plugin,
        successor: type[Plugin] | None = None,
        changing: Collection[str] = (),
        about: Mapping[str, Any] | None = None,
        watch: Callable[[str, int, float], None] = lambda name, size, seconds: None,
        progress: Callable[[int, str], None] | None = None,
        portable: bool = False,
    ) -> Snapshot | None:
        """Return a plugin's state; None where it has none to save.

        :param successor: the class that is going to take it back, where that is known.
        :param changing: names of modules that are going to change before it does.
        :param watch: called with each field's name, bytes and seconds.
        :param progress: called often, with the bytes so far and with what is being written.
        :param portable: fit for another process, and so for a file.
        :param about: what else the snapshot is to say of where it comes from.
        :raises StateError: it cannot be saved.
        """
        save = getattr(instance, "save_state", None)
        if save is None:
            return None
        state = self.call(name, "save_state()", save)
        if state is None or inspect.iscoroutine(state):
            raise StateError(name, nonsense(name, "save_state()", state))
        if not isinstance(state, Mapping) and takes_attributes(type(instance), successor):
            raise StateError(
                name,
                f"save_state() of {name!r} returned {shown(state)} ({type(state).__name__}), which the "
                "restore_state() of StatefulPlugin cannot take back. Return a dict, or write "
                "restore_state(state) as well; or reload without the state (--fresh).",
            )
        rules = self._rules(instance, state, portable)
        version = state_version_of(type(instance))
        capture = partial(
            Snapshot.capture,
            state,
            plugin=name,
            rules=rules,
            changing=changing,
            watch=watch,
            progress=progress,
            about={**(about or {}), "state_version": version},
        )
        return self.call(name, "serialising the state", capture)

    def bring_down(
        self,
        name: str,
        instance: Plugin,
        state: Snapshot,
        successor: type[Plugin],
        changing: Collection[str] = (),
    ) -> Snapshot | None:
        """Return the state in the layout of a class that does not know the way to it; None if it does.

        The outgoing instance's class knows that way, then.

        :param instance: the one that the state is of.
        :raises MigrationError: neither class knows a way.
        """
        version, wanted = state.header.state_version, state_version_of(successor)
        if not needs_way_down(name, successor, type(instance), version, wanted):
            return None
        loaded = self.call(name, "loading the state", state.restore, aliases_of(type(instance)))
        args = name, instance, loaded, version, wanted
        migrated = self.call(name, "the migration of the state", migrate, *args)
        capture = partial(
            Snapshot.capture,
            migrated,
            plugin=name,
            rules=self._rules(instance, migrated),
            changing=changing,
            about={**_origin(state), "state_version": wanted},
        )
        return self.call(name, "serialising the migrated state", capture)

    def _rules(self, instance: Plugin, state: object, portable: bool = False) -> Rules:
        # Who returns the plugin itself as its state means its attributes: a copy, then.
        return Rules(
            portable=portable,
            stays=partial(_stays, instance if state is not instance else None),
            asked=(Handle, MethodType, Task, type(instance), *widget_types()),
            recipes=recipes_of(instance),
        )

    def shutdown(self, name: str, instance: Plugin) -> None:
        """Run ``shutdown``.

        :raises PluginError: it is a coroutine function, so nothing of it ran.
        """
        answer: object = self.call(name, "shutdown()", instance.shutdown)
        if inspect.iscoroutine(answer):
            raise PluginError(name, nonsense(name, "shutdown()", answer))

    def load_state(self, name: str, instance: Plugin, state: Snapshot | None) -> Loaded | None:
        """Return the state in a snapshot, in the layout that the instance's class wants.

        To be called once for each start: what a recipe opens is opened by it.

        :raises StateError: it does not load, or there is no way to that layout.
        """
        if state is None:
            return None
        cls = type(instance)
        loaded = self.call(name, "loading the state", state.restore, aliases_of(cls))
        version = state.header.state_version
        if version == state_version_of(cls):
            return Loaded(loaded)
        args = name, instance, loaded, version
        return Loaded(self.call(name, "the migration of the state", migrate, *args))


def _origin(state: Snapshot) -> dict[str, Any]:
    header = state.header
    return {
        "plugin_version": header.plugin_version,
        "source_sha256": header.source_sha256,
        "widget": header.widget,
    }


def saves_attributes(cls: type[Plugin]) -> bool:
    """Return whether a class has the save_state() that returns the attributes by name."""
    return getattr(cls, "save_state", None) is StatefulPlugin.save_state


def takes_attributes(*classes: type[Plugin] | None) -> bool:
    """Return whether these classes all have the restore_state() that takes attributes by name."""
    default = StatefulPlugin.restore_state
    return all(getattr(cls, "restore_state", None) is default for cls in classes if cls is not None)


def _stays(instance: Plugin | None, obj: object) -> bool:
    """Whether an object is the same one after a reload: the plugin itself, a task, a widget, a handle …"""
    if type(obj) is MethodType:
        obj = obj.__self__
        return issubclass(type(obj), Handle)  # of the instance's own methods, the instance stays
    return (obj is instance and obj is not None) or (
        issubclass(type(obj), (Handle, Task, *widget_types()))
    )


def nonsense(name: str, method: str, answer: object, refusal: str = "or False to refuse") -> str:
    """Say what came and what was expected. A coroutine is closed, or Python warns about it."""
    if inspect.iscoroutine(answer):
        answer.close()
        return f"{method} of {name!r} is a coroutine: write it with def, not async def."
    if answer is None:
        return (
            f"{method} of {name!r} returned None: is a 'return' missing? Where there is nothing to "
            "keep, return {}."
        )
    return (
        f"{method} of {name!r} returned {shown(answer)} ({type(answer).__name__}); expected None or "
        f"True, {refusal}."
    )
