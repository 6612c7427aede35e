"""The record of one plugin: what the manager knows, and what a handle looks at."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from .candidate import Candidate
from .gate import Gate
from .handle import Handle, make_handle
from .manifest import Manifest
from .plugin import Plugin
from .report import ReloadReport
from .state import Snapshot


@dataclass(eq=False)
class Record:
    """One plugin, from its first load on, over reloads and unloads.

    :param instance: None while it is not loaded, and while it is broken.
    :param dormant: the instance of a plugin that could not be brought back after a failed reload.
    :param kept: the state that such a plugin had; the next successful reload receives it.
    """

    name: str
    candidate: Candidate
    gate: Gate
    instance: Plugin | None = None
    manifest: Manifest | None = None
    config: dict[str, Any] = field(default_factory=dict)
    module: ModuleType | None = None
    dormant: Plugin | None = None
    kept: Snapshot | None = None
    last: ReloadReport | None = None
    failure: ReloadReport | None = None
    _handle: Handle | None = None

    @property
    def handle(self) -> Handle:
        """The one handle of this plugin."""
        if self._handle is None:
            self._handle = make_handle(self)
        return self._handle

    @property
    def is_loaded(self) -> bool:
        """True where the plugin runs, or waits broken for the next reload."""
        return self.instance is not None or self.dormant is not None

    @property
    def modules(self) -> list[ModuleType]:
        """The plugin's modules, submodules of a package before it."""
        if self.module is None:
            return []
        if not self.candidate.is_package:
            return [self.module]
        prefix = self.module.__name__ + "."
        inner = [m for name, m in list(sys.modules.items())
                 if name.startswith(prefix) and getattr(m, "__file__", None)]  # fmt: skip
        return [*sorted(inner, key=lambda m: (-m.__name__.count("."), m.__name__)), self.module]

    def put_to_sleep(self, state: Snapshot | None) -> None:
        """Take the plugin out of service after a failed rollback, keeping its object and state."""
        self.dormant, self.instance, self.kept = self.instance or self.dormant, None, state
        self.gate.retire()

    def wake_up(self) -> None:
        """Bring it back into service."""
        if self.dormant is not None:
            self.instance, self.dormant = self.dormant, None
        self.kept = None
        self.gate.revive()


@dataclass(frozen=True)
class SetAside:
    """What made up an instance before ``__init__`` ran on it again."""

    instance: Plugin
    cls: type
    attributes: dict[str, Any]
    slots: dict[str, Any]

    @classmethod
    def take(cls, instance: Plugin) -> SetAside:
        """Remember an instance's class and attributes, and leave it without attributes."""
        aside = cls(instance, type(instance), dict(vars(instance)), dict(_slots(instance)))
        vars(instance).clear()
        for name in aside.slots:
            object.__delattr__(instance, name)
        return aside

    def put_back(self) -> None:
        """Make the instance what it was."""
        if type(self.instance) is not self.cls:
            object.__setattr__(self.instance, "__class__", self.cls)
        vars(self.instance).clear()
        vars(self.instance).update(self.attributes)
        for name in dict(_slots(self.instance)):
            object.__delattr__(self.instance, name)
        for name, value in self.slots.items():
            object.__setattr__(self.instance, name, value)


def adopt(instance: Plugin, made: Plugin) -> None:
    """Give ``instance`` the class and attributes of ``made``, which a factory returned."""
    if type(instance) is not type(made):
        object.__setattr__(instance, "__class__", type(made))
    vars(instance).update(vars(made))
    for name, value in _slots(made):
        object.__setattr__(instance, name, value)


def _slots(instance: object) -> Iterator[tuple[str, Any]]:
    for cls in type(instance).__mro__:
        slots = vars(cls).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            private = slot.startswith("__") and not slot.endswith("__")
            name = f"_{cls.__name__.lstrip('_')}{slot}" if private else slot
            if name not in ("__dict__", "__weakref__") and hasattr(instance, name):
                yield name, getattr(instance, name)


@contextmanager
def counted_restore(instance: Plugin) -> Iterator[list[object]]:
    """Count the calls of ``restore_state`` on an instance while the body runs."""
    calls: list[object] = []
    attributes = vars(instance)
    if not hasattr(type(instance), "restore_state") or "restore_state" in attributes:
        yield calls
        return
    bound = instance.restore_state  # type: ignore[attr-defined]

    def restore_state(state: Any) -> Any:
        calls.append(state)
        attributes.pop("restore_state", None)  # what it saves or copies must not hold this function
        return bound(state)

    attributes["restore_state"] = restore_state
    try:
        yield calls
    finally:
        if attributes.get("restore_state") is restore_state:
            del attributes["restore_state"]
