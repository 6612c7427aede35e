"""A manager whose reloads fail where they are told to; the plugin's code is run as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..events import EventStream
from ..interrupts import InterruptGuard
from ..manager import PluginManager
from ..operation import Kind, Note, Operation
from ..phases import Phase
from ..record import Record
from ..report import ReloadReport
from ..state import Snapshot


class InjectedFailureError(Exception):
    """What is raised for the sake of seeing what becomes of it."""


class FaultyManager(PluginManager):
    """A manager one of whose reloads can be made to fail."""

    _fault: Phase | None = None

    @contextmanager
    def in_charge(self) -> Iterator[None]:
        """Be ``PluginManager.instance()`` meanwhile: plugins ask that for the plugins that they need."""
        classes: list[Any] = list(PluginManager._walk_mro())
        before = [each._instance for each in classes]
        try:
            for each in classes:
                each._instance = self
            yield
        finally:
            for each, instance in zip(classes, before, strict=True):
                each._instance = instance

    def fail(self, name: str, phase: Phase, **options: Any) -> ReloadReport:
        """Reload a plugin, and raise in that step once its work is done."""
        self._fault = phase
        try:
            return self.reload_plugin(name, **options)
        finally:
            self._fault = None

    def _operation(self, kind: Kind, guard: InterruptGuard) -> Operation:
        fault = self._fault if kind == "reload" else None
        return FaultyOperation(kind, self.events, self._listeners, guard, fault)

    def snapshot(self, name: str) -> Snapshot | None:
        """Return the state of a loaded plugin, fit for this kernel; None where it has none.

        :raises PluginError: the plugin is not loaded, or its state cannot be saved.
        """
        with self._turn(f"looking at the state of {name!r}") as loader:
            record: Record = self._registry.get(name)
            return loader.runner.save_state(name, record.instance) if record.instance else None


class FaultyOperation(Operation):
    """An operation that fails in one step.

    :param fault: the step; None for none.
    """

    def __init__(
        self,
        kind: Kind,
        events: EventStream,
        listeners: EventStream,
        guard: InterruptGuard,
        fault: Phase | None,
    ) -> None:
        super().__init__(kind, events, listeners, guard)
        self._fault = fault

    @contextmanager
    def step(self, plugin: str, phase: Phase) -> Iterator[Note]:
        """Run the body as a step, and raise at its end if it is the one to fail."""
        with super().step(plugin, phase) as note:
            yield note
            # At the end of AFTER_LOAD the reload is done: nothing after the announcement can fail.
            if phase is not Phase.AFTER_LOAD:
                self._raise_in(phase)

    def announce(self, plugin: str, phase: Phase) -> None:
        """Tell the listeners."""
        super().announce(plugin, phase)
        if phase is Phase.AFTER_LOAD:
            self._raise_in(phase)

    def _raise_in(self, phase: Phase) -> None:
        if phase is self._fault:
            raise InjectedFailureError(f"a failure injected in the step {phase.value!r}")
