"""How far a reload has come: what the way forward writes down, and the way back reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .background import ComingUp
from .closure import Closure
from .instance import SetAside
from .manifest import Manifest
from .own_widget import Traits
from .plugin import Plugin
from .record import Record
from .reload import Staged
from .running import Loaded
from .state import Snapshot
from .vanished import Vanished


@dataclass(eq=False)
class Way:
    """How far one plugin has come.

    :param manifest: of the new code; None as long as only running a factory would tell.
    :param successor: the class of the new code, under the same condition.
    :param json: what ``plugin.json`` says now.
    :param config: what the new code is started with.
    :param unsaved: the code that runs could not save it.
    :param handed: the state as the new code is to get it, where only the old code knows its layout.
    :param loaded: the state as it came out of the snapshot, on its way to the plugin.
    :param traits: what of the plugin's own widget is state.
    :param transient: names of attributes that are not saved, although they are there.
    :param transient_now: names of what was saved, but is named so by the new code.
    :param went_down: ``shutdown`` was begun.
    :param aside: what the instance was, once it is being made anew.
    :param started: ``initialize`` of the new code was begun.
    :param restored: ``initialize`` gave it its state back.
    """

    record: Record
    manifest: Manifest | None = None
    successor: type[Plugin] | None = None
    json: dict[str, Any] | None = None
    config: dict[str, Any] = field(default_factory=dict)
    state: Snapshot | None = None
    unsaved: bool = False
    handed: Snapshot | None = None
    loaded: Loaded | None = None
    traits: Traits = field(default_factory=dict)
    transient: tuple[str, ...] = ()
    transient_now: tuple[str, ...] = ()
    went_down: bool = False
    aside: SetAside | None = None
    started: bool = False
    restored: bool = False

    @property
    def name(self) -> str:
        """Name of the plugin."""
        return self.record.name

    @property
    def instance(self) -> Plugin:
        """The plugin's one object, also where it is broken."""
        record = self.record
        instance = record.dormant if record.instance is None else record.instance
        assert instance is not None
        return instance


@dataclass(eq=False)
class Progress:
    """How far all plugins of a reload have come.

    :param ways: dependencies before dependents.
    :param vanished: modules whose files are gone.
    :param loaded: for each plugin that was loaded because the new code needs it, what unloads it.
    :param overlays: what makes submodules come from where they came from before.
    :param coming: holds back background tasks until the plugins are up.
    """

    ways: Sequence[Way]
    staged: Staged | None = None
    vanished: Vanished = field(default_factory=Vanished)
    committed: bool = False
    closure: Closure | None = None
    loaded: list[Callable[[], object]] = field(default_factory=list)
    overlays: list[Callable[[], object]] = field(default_factory=list)
    coming: ComingUp = field(default_factory=ComingUp)

    @property
    def touched(self) -> bool:
        """True once a plugin that ran has been told to stop."""
        return any(way.went_down for way in self.ways)

    @property
    def broken(self) -> list[Way]:
        """The plugins that do not run, as their last reload could not be taken back."""
        return [way for way in self.ways if way.record.is_broken]

    def open_gates(self) -> None:
        """Let calls through again."""
        closure, self.closure = self.closure, None
        if closure is not None:
            closure.open()
