"""The record of one plugin: what the manager knows, and what a handle looks at."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .candidate import Candidate
from .gate import Gate
from .handle import Handle, make_handle
from .history import History
from .manifest import Manifest
from .own_widget import OwnWidget
from .plugin import Plugin
from .report import ReloadReport

if TYPE_CHECKING:
    from .reload.source import Source
    from .state import Snapshot


@dataclass(eq=False)
class Record:
    """One plugin, from its first load on, over reloads and unloads.

    :param instance: None while it is not loaded, and while it is broken.
    :param config: a copy of what the user gave; the plugin never gets this very object.
    :param json: what the ``plugin.json`` of a package said.
    :param adopted: whether its module was imported by others before it was loaded.
    :param dormant: the instance of a plugin that could not be brought back after a failed reload.
    :param kept: the state that such a plugin had; the next successful reload receives it.
    :param history: the versions that ran; it outlives an unload.
    :param own_widget: what the plugin shows in its card, where it offers something.
    """

    name: str
    candidate: Candidate
    gate: Gate
    instance: Plugin | None = None
    manifest: Manifest | None = None
    config: dict[str, Any] = field(default_factory=dict)
    json: dict[str, Any] | None = None
    module: ModuleType | None = None
    adopted: bool = False
    dormant: Plugin | None = None
    kept: Snapshot | None = None
    last: ReloadReport | None = None
    failure: ReloadReport | None = None
    history: History = field(init=False)
    own_widget: OwnWidget = field(init=False)
    _handle: Handle | None = None

    def __post_init__(self) -> None:
        self.history = History(self.name)
        self.own_widget = OwnWidget()

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
    def is_broken(self) -> bool:
        """True where it waits for the next reload, because the last one could not be taken back."""
        return self.dormant is not None

    @property
    def state_size(self) -> int | None:
        """Bytes of its state, when it was last saved; None where it was not."""
        states = self.last.state if self.last is not None else ()
        for state in states:
            if state.plugin == self.name:
                return state.size
        left = [version for version in self.history if version.left is not None]
        last = max(left, key=lambda version: version.turn, default=None)
        return last.left.size if last is not None and last.left is not None else None

    @property
    def modules(self) -> list[ModuleType]:
        """The plugin's modules, submodules of a package before it."""
        if self.module is None:
            return []
        if not self.candidate.is_package:
            return [self.module]
        inner = submodules(self.module.__name__)
        return [*sorted(inner, key=lambda m: (-m.__name__.count("."), m.__name__)), self.module]

    def put_to_sleep(self, state: Snapshot | None) -> None:
        """Take the plugin out of service after a failed rollback, keeping its object and state."""
        if self.instance is not None:
            self.dormant = self.instance
        self.instance, self.kept = None, state
        self.gate.retire(broken=True)

    def wake_up(self) -> None:
        """Bring it back into service."""
        if self.dormant is not None:
            self.instance, self.dormant = self.dormant, None
        self.kept = None
        self.gate.revive()


def submodules(package: str) -> list[ModuleType]:
    """Return the imported modules below ``package`` that have a file."""
    prefix = package + "."
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith(prefix) and getattr(module, "__file__", None)
    ]


def sources_of(modules: Iterable[ModuleType]) -> dict[str, Source]:
    """Return what modules run, by their names, as far as that is known."""
    from .reload.tracking import tracked

    found = ((module.__name__, tracked(module)) for module in modules)
    return {name: known.source for name, known in found if known is not None}


def running_sources(modules: Iterable[ModuleType]) -> dict[str, str]:
    """Return the texts that modules run, by file name."""
    return {source.filename: source.text for source in sources_of(modules).values()}


def source_hash(module: ModuleType | None) -> str:
    """Return the SHA-256 of what a module runs; empty where it is not known."""
    from .reload.tracking import tracked

    known = tracked(module) if module is not None else None
    return known.source.sha256 if known is not None else ""


def about(record: Record) -> dict[str, Any]:
    """Return what a snapshot is to say of the plugin that it is of."""
    return {
        "plugin_version": record.manifest.version if record.manifest is not None else "0",
        "source_sha256": source_hash(record.module),
        "widget": record.own_widget.traits(),
    }
