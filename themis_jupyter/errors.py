"""Every exception that themis_jupyter raises on purpose.

::

    ThemisError
    ├── PluginError                     concerns one plugin; has ``.plugin``
    │   ├── PluginNotFoundError         no plugin of that name, no such file
    │   ├── PluginDefinitionError       the file or its manifest is not a usable plugin
    │   ├── PluginLoadError             the first load failed; nothing is left behind
    │   ├── PluginNotLoadedError        used while unloaded
    │   ├── PluginBusyError             calls in flight, or tasks, did not end in time
    │   ├── ConfigError                 the configuration does not fit ``config_schema``
    │   ├── DependencyError             missing, wrong version, or a cycle; has ``.path``
    │   ├── DependentsError             others need it; has ``.dependents``
    │   ├── HistoryError                no such version was kept, or its state was not
    │   └── StateError                  state cannot be saved, or not be restored
    │       ├── MigrationError          there is no way from one state_version to another
    │       ├── SnapshotNotFoundError   the store has none under that label; a KeyError too
    │       ├── CorruptSnapshotError    truncated, or its bytes are not those that were saved
    │       ├── UntrustedSnapshotError  not signed with this user's secret
    │       ├── IncompatibleSnapshotError   a newer format, or of another plugin
    │       └── StoreError              full, read-only, locked, or open to others
    ├── ReloadError                     a reload did not succeed; has ``.report`` once there is one
    │   ├── SourceError                 the source cannot be read, decoded or compiled
    │   ├── VerificationError           the policy refuses these bytes
    │   ├── UnpatchableError            CPython cannot change this in place; has ``.target``
    │   ├── ReentrantReloadError        asked for from inside the plugin or a listener
    │   └── PhaseTimeoutError           a step of the plugin did not end in time
    ├── WidgetError                     a widget cannot be shown
    └── PhaseOrderError                 our own mistake: a step that may not follow

Errors of *ours* are told apart from errors of the *plugin*: what a plugin's own code raised is
carried as ``__cause__`` and shown with a traceback that begins in the plugin's file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .user_frames import user_traceback

if TYPE_CHECKING:
    from .report import ReloadReport


class ThemisError(Exception):
    """Base of all errors of this package."""

    def _render_traceback_(self) -> list[str]:  # for IPython
        return user_traceback(self)


class PluginError(ThemisError):
    """An error that concerns one plugin.

    :param plugin: name of the plugin, as the user wrote it.
    :param message: what happened, where, and what to do next.
    """

    #: What ran, by file name, of a plugin that is gone: its files may say something else by now.
    sources: Mapping[str, str] = {}

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(message)
        self.plugin = plugin


class PluginNotFoundError(PluginError):
    """No plugin of that name is known, or the file does not exist."""


class PluginDefinitionError(PluginError):
    """The file, the folder or the manifest is not a usable plugin."""


class PluginLoadError(PluginError):
    """Loading failed; names, modules and loaded plugins are as they were before."""


class PluginNotLoadedError(PluginError):
    """The plugin was used, or asked for, while it is not loaded."""


class PluginBusyError(PluginError):
    """Calls, blocks or background tasks did not end in time, or the plugin said "not yet" for too long."""


class ConfigError(PluginError):
    """The configuration does not fit the plugin's ``config_schema``."""


class DependencyError(PluginError):
    """A dependency is missing, has the wrong version, or leads round in a circle.

    :param path: plugin names from the one asked for to the one at fault.
    """

    def __init__(self, plugin: str, message: str, path: Iterable[str] = ()) -> None:
        super().__init__(plugin, message)
        self.path = tuple(path)


class DependentsError(PluginError):
    """Loaded plugins need this one, so it cannot go down alone.

    :param dependents: their names, in the order in which they would go down.
    """

    def __init__(self, plugin: str, message: str, dependents: Iterable[str]) -> None:
        super().__init__(plugin, message)
        self.dependents = tuple(dependents)


class HistoryError(PluginError):
    """There is no such version of the plugin, or what is asked of it is not kept."""


class StateError(PluginError):
    """State cannot be saved, or the saved state cannot be restored."""


class MigrationError(StateError):
    """There is no way from the version that a state has to the one that the code wants."""


class SnapshotNotFoundError(StateError, KeyError):
    """The store has no snapshot under that label."""

    # As a KeyError it would show the message in quotes.
    __str__ = Exception.__str__


class CorruptSnapshotError(StateError):
    """A saved snapshot was cut short, or its bytes are not those that were saved."""


class UntrustedSnapshotError(StateError):
    """A saved snapshot is not signed with this user's secret, or was altered after that.

    Loading a snapshot runs what is in it. Where the user knows where it comes from, ``trust=True``
    loads it all the same.
    """


class IncompatibleSnapshotError(StateError):
    """A saved snapshot has a newer format than this version knows, or is of another plugin."""


class StoreError(StateError):
    """Snapshots cannot be read or written there: full, read-only, locked, or open to others."""


class ReloadError(ThemisError):
    """A reload did not succeed.

    :param report: what was tried, step by step; None until the reload has ended.
    """

    def __init__(self, message: str, report: ReloadReport | None = None) -> None:
        super().__init__(message)
        self.report = report

    def _render_traceback_(self) -> list[str]:
        # The report's lines are those that ran; IPython would show those of the old code.
        return user_traceback(self, "" if self.report is None else self.report.traceback)


class SourceError(ReloadError):
    """The source cannot be read, decoded or compiled."""


class VerificationError(ReloadError):
    """The policy refuses the bytes that were read."""


class UnpatchableError(ReloadError):
    """CPython cannot make this change to a live object.

    :param target: qualified name of the object, such as ``plugin.Model``.
    """

    def __init__(self, target: str, message: str) -> None:
        super().__init__(message)
        self.target = target


class ReentrantReloadError(ReloadError):
    """A reload was asked for from inside the plugin itself, or from a listener."""


class PhaseTimeoutError(ReloadError):
    """A step of the plugin did not end within its time limit."""


class WidgetError(ThemisError):
    """A widget cannot be shown: its script was not built, or a plugin's own cannot be made."""


class PhaseOrderError(ThemisError):
    """A step was begun that may not follow the last one: a mistake in this package."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known name, or an empty string."""
    near = nearest(name, known)
    return f"; did you mean {near!r}?" if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest, capital letters aside; empty if none is near."""
    # Twice the same but for capitals: the one that is nearer with them wins.
    for fold in (str, str.lower):
        folded = {fold(each): each for each in known}
        near = difflib.get_close_matches(fold(str(name)), folded, n=1)
        if near:
            return folded[near[0]]
    return ""


def describe(error: BaseException) -> str:
    """Return ``TypeName: message`` on one line, also for errors whose ``str`` fails."""
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001 - a foreign __str__ may raise anything
        text = f"<its message cannot be shown: {type(broken).__name__}>"
    text = " ".join(text.split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
