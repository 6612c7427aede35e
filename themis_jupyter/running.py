"""Calling a plugin's own methods: interruptible, limited in time, their answers checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .errors import PhaseTimeoutError, PluginLoadError, StateError
from .interrupts import InterruptGuard, time_limit
from .plugin import Plugin
from .record import counted_restore
from .state import Snapshot

T = TypeVar("T")


class Runner:
    """Runs code of plugins during one operation.

    :param limit: seconds that one call may take; None for no limit.
    """

    def __init__(self, guard: InterruptGuard, limit: float | None) -> None:
        self.guard = guard
        self.limit = limit

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

        with self.guard.allowed(), time_limit(self.guard, self.limit, too_slow):
            return function(*args)

    def initialize(
        self, name: str, instance: Plugin, config: dict[str, Any], state: Snapshot | None
    ) -> bool:
        """Run ``initialize``; return whether it restored the state itself.

        :raises PluginLoadError: it returned False.
        """
        given = dict(config)
        if state is not None:
            given["restored_state"] = state.restore()
        with counted_restore(instance) as restored:
            answer = self.call(name, "initialize()", instance.initialize, given)
        if answer is False:
            raise PluginLoadError(
                name, f"initialize() of {name!r} returned False: the plugin refuses to start."
            )
        return bool(restored)

    def restore_state(self, name: str, instance: Plugin, state: Snapshot) -> None:
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
        if self.call(name, "restore_state()", restore, state.restore()) is False:
            raise StateError(
                name, f"restore_state() of {name!r} returned False: it refuses the saved state."
            )

    def save_state(self, name: str, instance: Plugin) -> Snapshot | None:
        """Return a plugin's state; None where it has none to save.

        :raises StateError: it cannot be saved.
        """
        save = getattr(instance, "save_state", None)
        if save is None:
            return None
        state = self.call(name, "save_state()", save)
        with self.guard.allowed():
            return Snapshot.capture(name, state)
