"""The plugin manager: plugins, their states and versions, and the watching of their files."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from traitlets import Bool

from .cells import Cells
from .errors import (
    describe,
)
from .handle import Handle, target_of
from .history import History
from .operations import Operations
from .policy import Policy
from .report import ReloadReport
from .request import Request
from .reverting import Revert

if TYPE_CHECKING:
    # What works with plugins is imported when there is one: loading the extension does not wait for it.
    from .state import Snapshot
    from .state.header import Field
    from .watch import Watcher

log = logging.getLogger("themis_jupyter.manager")


class PluginManager(Operations):
    """Loads plugins and brings their edits in, in place.

    ``PluginManager.instance()`` is the one of this kernel; tests make plain instances.
    """

    watch_on_load = Bool(
        False, help="Watch each plugin that is loaded: reload it when its file is saved."
    ).tag(config=True)

    def __init__(self, *, policy: Policy | None = None, **kwargs: Any) -> None:
        super().__init__(policy=policy, **kwargs)
        #: Keeps cells and reloads that come of themselves apart.
        self.cells = Cells(self.wait_notice)
        self._watcher: Watcher | None = None

    # -- watching --------------------------------------------------------------------------------

    def load_plugin(
        self,
        name_or_path: str | os.PathLike[str],
        config: dict[str, Any] | None = None,
        *,
        watch: bool = False,
    ) -> Handle:
        """Load a plugin, its dependencies first.

        Loading again what is loaded from the same file gives its handle, and changes nothing.

        :param config: handed to ``initialize``; checked against ``config_schema``.
        :param watch: reload it when its file is saved.
        :raises ThemisError: it cannot be loaded; nothing is left behind.
        """
        before = self.list_loaded_plugins()
        handle = super().load_plugin(name_or_path, config)
        if self.watch_on_load:
            self.watcher.watch(n for n in self.list_loaded_plugins() if n not in before)
        elif watch:
            self.watcher.watch([target_of(handle).name])
        return handle

    @property
    def watcher(self) -> Watcher:
        """What reloads plugins when their files are saved; made when it is first asked for."""
        if self._watcher is None:
            from .watch import Watcher

            self._watcher = Watcher(self, parent=self)
        return self._watcher

    @property
    def is_watching(self) -> bool:
        """True where :attr:`watcher` is there already."""
        return self._watcher is not None

    def stop_watching(self) -> None:
        """Watch nothing any more; no thread is left."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    # -- states beyond this kernel ---------------------------------------------------------------

    def save_state(self, name: str, label: str | None = None) -> str:
        """Save the state of a loaded plugin to its store, for other kernels as well.

        :param label: None for one that is not in use.
        :returns: the label that it was saved under.
        :raises PluginError: the plugin is not loaded, or its state cannot be saved.
        """
        with self._turn(f"saving the state of {name!r}") as loader:
            return self.keeper.save(self._registry.get(name), loader.runner, label)

    def save_at_exit(self) -> None:
        """Save the states of all loaded plugins, if ``c.StateKeeper.save_at_exit`` is set."""
        with self._turn("saving states at the end") as loader:
            self.keeper.at_exit(self._registry.loaded(), loader.runner)

    def capture_state(self, name: str) -> Snapshot:
        """Return the state of a loaded plugin, fit for another kernel.

        :raises PluginError: the plugin is not loaded, or its state cannot be saved.
        """
        with self._turn(f"saving the state of {name!r}") as loader:
            return self.keeper.capture(self._registry.get(name), loader.runner)

    def restore_state(
        self, name: str, label: str | None = None, *, trust: bool = False
    ) -> ReloadReport:
        """Restart a plugin with a state that was saved, by default the newest; never raises.

        :param trust: also if it is not signed with this user's secret: loading it runs what is in it.
        :returns: what happened; if it fails, the plugin has the state that it had.
        """
        refused: BaseException | None = None
        states: dict[str, Snapshot | None] = {}
        try:
            states[name] = self.keeper.load(self._registry.get(name).name, label, trust)[1]
        except Exception as error:  # noqa: BLE001 - told in the report
            refused = error
        request = Request([name], {}, drain_timeout=self.drain_timeout, states=states)
        return self._reload(request, refused)

    # -- versions that ran -----------------------------------------------------------------------

    def history(self, name: str) -> History:
        """Return the versions of a plugin that ran in this kernel and are kept, also of an unloaded one.

        :raises PluginError: the plugin was never loaded.
        """
        record = self._registry.find(name)
        return (record if record is not None else self._registry.get(name)).history

    def state_fields(self, name: str) -> Sequence[Field] | None:
        """Return what is in the state that a loaded plugin has now; its ``save_state()`` is called.

        :returns: nothing where it has no state; None where that cannot be told, as it cannot be saved.
        :raises PluginError: the plugin is not loaded.
        """
        with self._turn(f"looking at the state of {name!r}") as loader:
            record = self._registry.get(name)
            snapshot = record.kept
            if record.instance is not None:
                try:
                    snapshot = loader.runner.save_state(name, record.instance)
                except Exception as error:  # noqa: BLE001 - it is not for its state that it is asked
                    log.info("the state of %r cannot be looked at: %s", name, describe(error))
                    return None
            return snapshot.header.fields if snapshot is not None else ()

    def revert_plugin(
        self,
        name: str,
        version: int | None = None,
        *,
        code_only: bool = False,
        state_only: bool = False,
        write: bool = False,
        cascade: bool = False,
    ) -> ReloadReport:
        """Bring a version back that ran before, in place: its code, configuration and state; never raises.

        The plugin's files are not touched, and not read, but for ``write``.

        :param version: its number; by default, the one that ran before the present one.
        :param code_only: its code and configuration, with the state that the plugin has now.
        :param state_only: the state that it was left with, with the code that runs now.
        :param write: write its source to the plugin's files as well, once it runs.
        :param cascade: take those that need it along; they go on with the code that they run.
        :returns: what happened. If it fails, the present version goes on running, with its state.
        """
        revert = Revert(name, version, code_only, state_only, write, cascade)
        return self._reload(Request([name], words="reverted"), revert=revert)
