"""What ``%load_ext`` puts into a shell, and ``%unload_ext`` takes out again."""

from __future__ import annotations

import atexit
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from ..errors import PluginBusyError
from ..limits import rest
from ..manager import PluginManager
from ..render.format import names
from ..report import ReloadReport
from .authors import AuthorMagics
from .autoreload import Autoreload
from .base import ManagerMagics
from .cell_notes import CellNotes
from .cell_plugins import CellMagics
from .completion import Completion
from .history import VersionMagics
from .live import LiveMagics
from .magics import PluginMagics
from .taken_names import TakenNames

if TYPE_CHECKING:
    from ..comm import CommTarget


class Extension:
    """The extension in one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell: Any = shell
        self._manager = _manager(shell)
        self._magics = PluginMagics(shell, self._manager)
        self._magics.extension = self
        self._notes = CellNotes(shell, self._manager, parent=shell)
        #: All groups of magics.
        self._groups: list[ManagerMagics] = [
            self._magics,
            VersionMagics(shell, self._manager),
            AuthorMagics(shell, self._manager),
            LiveMagics(shell, self._manager),
            CellMagics(
                shell,
                self._manager,
                self._magics,
                lambda: self._notes.raw_cell,
            ),
        ]
        self._names = TakenNames(shell)
        self._autoreload = Autoreload(shell, self._manager)
        ours = {
            name: magic for group in self._groups for name, magic in group.magics["line"].items()
        }
        ours |= {n: magic for group in self._groups for n, magic in group.magics["cell"].items()}
        self._completion = Completion(shell, self._manager, ours)
        # What was there before under the same names, by kind (line or cell).
        self._hidden: dict[str, dict[str, Any]] = {}
        self._printer: Any = None
        self._target = _comm_target(shell, self._manager)

    @classmethod
    def of(cls, shell: InteractiveShell) -> Extension | None:
        """Return the extension in a shell; None where it is not."""
        magics = shell.magics_manager.registry.get(PluginMagics.__name__)
        return magics.extension if isinstance(magics, PluginMagics) else None

    @classmethod
    def install(cls, shell: InteractiveShell) -> None:
        """Put everything into a shell that does not have it."""
        if cls.of(shell) is None:
            cls(shell)._begin()

    @classmethod
    def remove(cls, shell: InteractiveShell) -> None:
        """Take everything out.

        :raises UsageError: calls of a plugin do not end; nothing is taken out.
        """
        extension = cls.of(shell)
        if extension is not None:
            extension._shut_plugins_down()
            extension._end()

    def _begin(self) -> None:
        for kind, table in self._shell.magics_manager.magics.items():
            named = {name for group in self._groups for name in group.magics[kind]}
            self._hidden[kind] = {name: table[name] for name in named if name in table}
        self._shell.configurables += self._configurables
        self._shell.register_magics(*self._groups)
        self._completion.install()
        self._names.install()
        self._autoreload.install()
        self._notes.install()
        if self._target is not None:
            self._target.install()
        atexit.register(self._manager.save_at_exit)
        self._printer = self._texts.for_type(ReloadReport, self._in_a_line)

    def _end(self) -> None:
        atexit.unregister(self._manager.save_at_exit)
        self._texts.pop(ReloadReport, None)
        if self._printer is not None:
            self._texts.for_type(ReloadReport, self._printer)
        self._notes.remove()
        if self._target is not None:
            self._target.remove()
        self._manager.stop_watching()
        self._magics.files.close()
        self._autoreload.remove()
        self._names.remove()
        self._completion.remove()
        manager = self._shell.magics_manager
        for group in self._groups:
            for kind, magics in group.magics.items():
                self._take_out(manager.magics[kind], magics, self._hidden[kind])
            manager.registry.pop(type(group).__name__, None)
        for configurable in (*self._groups, *self._configurables):
            with suppress(ValueError):
                self._shell.configurables.remove(configurable)
        if PluginManager.initialized() and PluginManager.instance() is self._manager:
            PluginManager.clear_instance()
        rest()

    @staticmethod
    def _take_out(table: dict[str, Any], ours: dict[str, Any], hidden: dict[str, Any]) -> None:
        for name, magic in ours.items():
            if table.get(name) == magic:  # unless somebody has put another one there
                del table[name]
                if name in hidden:
                    table[name] = hidden[name]

    @property
    def _configurables(self) -> list[Any]:
        return [self._manager, self._manager.keeper, self._manager.history_keeper, self._notes]

    @property
    def _texts(self) -> Any:
        return self._shell.display_formatter.formatters["text/plain"]

    def _shut_plugins_down(self) -> None:
        before = self._manager.list_loaded_plugins()
        try:
            self._manager.unload_all_plugins()
        except ExceptionGroup as group:
            busy = [str(e) for e in group.exceptions if isinstance(e, PluginBusyError)]
            if busy:
                raise UsageError(f"the extension stays loaded: {'; '.join(busy)}") from None
            for (
                error
            ) in group.exceptions:  # raised as it was shut down; it is unloaded all the same
                print(f"themis_jupyter: {error}")
        finally:
            loaded = self._manager.list_loaded_plugins()
            gone = [name for name in before if name not in loaded]
            if gone:
                were = "were" if len(gone) > 1 else "was"
                print(
                    f"themis_jupyter: {names(gone)} {were} shut down and unloaded. Variables that "
                    "hold plugins need new ones: %load_plugin NAME --as VAR."
                )

    def _in_a_line(self, report: ReloadReport, printer: Any, cycle: bool) -> None:
        """Show a report in a terminal: one line. Where HTML is shown, the text has everything."""
        if "text/html" in self._shell.display_formatter.active_types:
            printer.text(repr(report))
            return
        printer.text(report.headline())
        if report.traceback:
            printer.text(" (%plugin_errors shows the traceback)")


def _comm_target(shell: Any, manager: PluginManager) -> CommTarget | None:
    """Return what answers JupyterLab's extension; None in a terminal, which has no comms."""
    comms = getattr(getattr(shell, "kernel", None), "comm_manager", None)
    if comms is None:
        return None
    from ..comm import CommTarget

    return CommTarget(manager, comms)


def _manager(shell: InteractiveShell) -> PluginManager:
    """Return the kernel's manager, configured as the shell's configuration says."""
    manager = PluginManager.instance(parent=shell)
    if manager.parent is not shell:  # made before the extension was loaded
        manager.parent = shell
        manager.update_config(shell.config)
        manager.keeper.update_config(shell.config)
        manager.history_keeper.update_config(shell.config)
    return manager
